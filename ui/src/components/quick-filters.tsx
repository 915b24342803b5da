/** Filters one uses every day, one click each; a second click takes it away. */
import type { ReactNode } from "react";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./quick-filters.module.css";

export function QuickFilters(properties: {
  readonly current: string | undefined;
  readonly choices: readonly { readonly filter: string; readonly label: string }[];
  readonly choose: (filter: string | undefined) => void;
}): ReactNode {
  const text = useText();
  const { current, choices, choose } = properties;
  return (
    <fieldset className={classes.group} aria-label={text("ui.list.quickFilters")}>
      {choices.map(({ filter, label }) => (
        <button
          key={filter}
          type="button"
          className={classes.choice}
          aria-pressed={current === filter}
          onClick={() => choose(current === filter ? undefined : filter)}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}
