/** What changed in a definition, field by field: before struck out, after beside it. */
import type { ReactNode } from "react";
import type { FieldChange } from "#contracts/observe/audit.ts";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./field-changes.module.css";

export function FieldChanges(properties: { readonly changes: readonly FieldChange[] }): ReactNode {
  const text = useText();
  const { changes } = properties;
  if (changes.length === 0) return <p className="quiet">{text("ui.changes.none")}</p>;
  return (
    <ul className={classes.changes}>
      {changes.map(({ path, before, after }) => (
        <li key={path}>
          <code>{path}</code>
          <div>
            {before === undefined ? null : (
              <del>
                <span className={classes.word}>{text("ui.changes.before")}</span>
                {shown(before)}
              </del>
            )}
            {after === undefined ? null : (
              <ins>
                <span className={classes.word}>{text("ui.changes.after")}</span>
                {shown(after)}
              </ins>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

const shown = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value, null, 1);
