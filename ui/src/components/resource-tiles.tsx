/** What a node or the whole cluster has, in a tile for each resource; GPUs only where there are some. */
import type { ReactNode } from "react";
import type { Capacity } from "../data/capacity.ts";
import { useFormats, useText } from "../i18n/language-provider.tsx";
import { ResourceTile } from "./resource-tile.tsx";

type Quantities = Capacity["total"];

export function ResourceTiles(properties: {
  readonly total: Quantities;
  readonly used: Quantities;
  readonly offered: Quantities;
  /** Said below, in place of what is offered. */
  readonly notes?: Partial<Record<keyof Quantities, string | undefined>>;
  /** More tiles. */
  readonly children?: ReactNode;
}): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { total, used, offered, notes = {}, children } = properties;
  const resources = [
    ["cpus", formats.cpus],
    ["mem", formats.mebibytes],
    ["disk", formats.mebibytes],
    ["gpus", formats.number],
  ] as const;
  return (
    <div className="tiles">
      {resources.map(([key, write]) =>
        key === "gpus" && total.gpus === 0 ? null : (
          <ResourceTile
            key={key}
            name={text(`ui.resource.${key}`)}
            used={used[key]}
            offered={offered[key]}
            total={total[key]}
            write={write}
            note={notes[key]}
          />
        ),
      )}
      {children}
    </div>
  );
}
