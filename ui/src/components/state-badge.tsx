/** A state in a word and a colour; the word alone says it all. */
import type { ReactNode } from "react";
import classes from "./state-badge.module.css";

export type Tone = "good" | "busy" | "wait" | "bad" | "idle";

export function StateBadge(properties: { readonly tone: Tone; readonly children: ReactNode }): ReactNode {
  return (
    <span className={classes.badge} data-tone={properties.tone}>
      {properties.children}
    </span>
  );
}
