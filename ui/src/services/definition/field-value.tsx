/** One value of a definition: text as it is, lists and maps line by line. */
import type { ReactNode } from "react";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import classes from "./definition.module.css";
import { isFields } from "./document.ts";

export function FieldValue(properties: { readonly value: unknown }): ReactNode {
  const { value } = properties;
  const text = useText();
  const formats = useFormats();
  if (typeof value === "string") return <code className={classes.code}>{value}</code>;
  if (typeof value === "number") return formats.number(value);
  if (typeof value === "boolean") return text(value ? "ui.yes" : "ui.no");
  const lines = linesOf(value);
  return (
    <ul className={classes.lines}>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing but their place
        <li key={index}>
          <code className={classes.code}>{line}</code>
        </li>
      ))}
    </ul>
  );
}

/** `name=value` for maps of texts, items of lists on a line each. */
function linesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(itemLine);
  if (!isFields(value)) return [JSON.stringify(value)];
  return Object.entries(value).map(
    ([name, item]) => `${name}=${typeof item === "string" ? item : JSON.stringify(item)}`,
  );
}

function itemLine(item: unknown): string {
  if (typeof item === "string") return item;
  if (Array.isArray(item)) return item.map(String).join(" ");
  if (!isFields(item)) return JSON.stringify(item);
  return Object.entries(item)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
