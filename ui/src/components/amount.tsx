/** How much of a whole is used, as a bar and in figures. */
import type { ReactNode } from "react";
import { FillBar } from "./fill-bar.tsx";

export function Amount(properties: {
  readonly used: number;
  readonly offered?: number;
  readonly total: number;
  /** Of the resource, for those who do not see the bar. */
  readonly name: string;
  readonly write: (value: number) => string;
}): ReactNode {
  const { used, offered = 0, total, name, write } = properties;
  return (
    <>
      <FillBar
        parts={[
          { tone: "accent", value: used },
          { tone: "idle", value: offered },
        ]}
        whole={total}
        label={`${name}: ${write(used)} / ${write(total)}`}
      />
      <span className="nowrap">
        {write(used)} <span className="quiet">/ {write(total)}</span>
      </span>
    </>
  );
}
