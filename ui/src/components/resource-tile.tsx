/** One resource in large figures: what is given of what there is. */
import type { ReactNode } from "react";
import { useFormats, useText } from "../i18n/language-provider.tsx";
import { FillBar } from "./fill-bar.tsx";
import classes from "./resource-tile.module.css";

export function ResourceTile(properties: {
  readonly name: string;
  readonly used: number;
  readonly offered: number;
  readonly total: number;
  readonly write: (value: number) => string;
  readonly note?: string | undefined;
}): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { name, used, offered, total, write, note } = properties;
  const share = total === 0 ? 0 : used / total;
  return (
    <div className={classes.tile}>
      <div className={classes.name}>
        <span>{name}</span>
        <span className="quiet">{formats.percent(share)}</span>
      </div>
      <div className={classes.figure}>
        {write(used)}
        <span className="quiet">{` / ${write(total)}`}</span>
      </div>
      <FillBar
        isThick
        parts={[
          { tone: share > 0.9 ? "wait" : "accent", value: used },
          { tone: "idle", value: offered },
        ]}
        whole={total}
        label={text("ui.resource.label", {
          name,
          used: write(used),
          offered: write(offered),
          total: write(total),
        })}
      />
      <div className={classes.note}>
        {note ?? (offered > 0 ? text("ui.resource.offered", { amount: write(offered) }) : "\u00a0")}
      </div>
    </div>
  );
}
