/** A part of a page with a heading of its own. */
import type { ReactNode } from "react";
import classes from "./card.module.css";

export function Card(properties: {
  readonly title?: string;
  readonly beside?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  const { title, beside, children } = properties;
  return (
    <section className={classes.card}>
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
