/** The head of a column; a button where the server can sort by it. */
import { VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./data-table.module.css";
import type { TableSort } from "./data-table.tsx";

export function ColumnHead(properties: {
  readonly title: string;
  readonly isHidden: boolean;
  readonly alignEnd: boolean;
  readonly field: string | undefined;
  readonly sort: TableSort | undefined;
}): ReactNode {
  const { title, alignEnd, field, sort } = properties;
  if (field === undefined || sort === undefined) {
    return (
      <div role="columnheader" className={classes.cell} data-align={alignEnd ? "end" : undefined}>
        {properties.isHidden ? <VisuallyHidden>{title}</VisuallyHidden> : title}
      </div>
    );
  }
  const direction =
    sort.current === field ? "ascending" : sort.current === `-${field}` ? "descending" : "none";
  return (
    <div
      role="columnheader"
      aria-sort={direction}
      className={classes.cell}
      data-align={alignEnd ? "end" : undefined}
    >
      <button type="button" className={classes.sort} onClick={() => sort.choose(field)}>
        {title}
        {direction === "ascending" ? <IconArrowUp size={13} aria-hidden /> : null}
        {direction === "descending" ? <IconArrowDown size={13} aria-hidden /> : null}
      </button>
    </div>
  );
}
