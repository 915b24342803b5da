/** How full something is: parts of a whole side by side, with the sum said in words for those who do not see it. */
import type { ReactNode } from "react";
import classes from "./fill-bar.module.css";
import type { Tone } from "./state-badge.tsx";

export interface FillPart {
  readonly tone: Tone | "accent";
  readonly value: number;
}

export function FillBar(properties: {
  readonly parts: readonly FillPart[];
  readonly whole: number;
  /** Read out, such as `3 of 4 running`. */
  readonly label: string;
  readonly isThick?: boolean;
  /** Not in narrow rows, where figures say enough. */
  readonly isWideOnly?: boolean;
}): ReactNode {
  const { parts, whole, label } = properties;
  return (
    <span
      role="img"
      aria-label={label}
      className={classes.bar}
      data-thick={properties.isThick || undefined}
      data-wide-only={properties.isWideOnly || undefined}
    >
      {parts.map(({ tone, value }) =>
        value <= 0 || whole <= 0 ? null : (
          <span key={tone} data-tone={tone} style={{ width: `${Math.min(100, (value / whole) * 100)}%` }} />
        ),
      )}
    </span>
  );
}
