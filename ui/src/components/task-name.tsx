/** The name of a task, then the part of its id that tells it from others, cut at its beginning where there is no room. */
import type { ReactNode } from "react";
import classes from "./task-name.module.css";

export function TaskName(properties: { readonly id: string; readonly name: string }): ReactNode {
  const { id, name } = properties;
  const hasName = name !== "" && id.startsWith(name) && id.length > name.length;
  return (
    <span className={classes.task}>
      <span className={classes.name}>{hasName ? name : id}</span>
      {hasName ? (
        <span className={classes.rest}>
          <bdi>{id.slice(name.length)}</bdi>
        </span>
      ) : null}
    </span>
  );
}
