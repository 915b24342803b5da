/** What another version differs in from the current one, line by line. */
import { type ReactNode, useMemo } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./definition.module.css";
import type { JsonFields } from "./document.ts";
import { diffDefinitions } from "./yaml-diff.ts";

const signs = { same: " ", added: "+", removed: "−", gap: "⋯" } as const;

export function DefinitionDiff(properties: {
  readonly before: JsonFields;
  readonly after: JsonFields;
}): ReactNode {
  const { before, after } = properties;
  const text = useText();
  const lines = useMemo(() => diffDefinitions(before, after), [before, after]);
  if (lines.length === 0) return <p className="quiet">{text("ui.configuration.same")}</p>;
  return (
    <section className={classes.diff} aria-label={text("ui.configuration.view.diff")}>
      {lines.map(({ kind, text: line, hidden }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing but their place
        <div key={index} data-kind={kind} data-sign={signs[kind]}>
          {kind === "gap" ? text("ui.configuration.hidden", { count: hidden }) : line}
        </div>
      ))}
    </section>
  );
}
