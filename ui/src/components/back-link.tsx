/** The way back to the list that a page belongs to. */
import { IconChevronLeft } from "@tabler/icons-react";
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import classes from "./back-link.module.css";

export function BackLink(properties: {
  readonly to: NonNullable<LinkProps["to"]>;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <Link to={properties.to} className={classes.back ?? ""}>
      <IconChevronLeft size={14} stroke={2} aria-hidden />
      {properties.children}
    </Link>
  );
}
