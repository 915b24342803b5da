/** A link to a service; the groups it is in are quieter than its name. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import classes from "./service-link.module.css";

export function ServiceLink(properties: { readonly id: string; readonly isRow?: boolean }): ReactNode {
  const { id } = properties;
  const at = id.lastIndexOf("/") + 1;
  return (
    <Link
      to="/services/$id"
      params={{ id }}
      className={properties.isRow === true ? "row-link" : (classes.link ?? "")}
      title={id}
    >
      <span className={classes.group}>{id.slice(0, at)}</span>
      {id.slice(at)}
    </Link>
  );
}
