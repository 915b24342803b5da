/** A part of a page with a heading of its own. */
import type { ReactNode } from "react";
import classes from "./card.module.css";

export function Card(properties: {
  readonly title?: string;
  readonly beside?: ReactNode;
  /** Content goes to the edges, as lists do. */
  readonly isFlush?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  const { title, beside, children } = properties;
  return (
    <section className={classes.card} data-flush={properties.isFlush || undefined}>
      {title === undefined ? null : (
        <div className={classes.head}>
          <h2>{title}</h2>
          {beside}
        </div>
      )}
      {children}
    </section>
  );
}
