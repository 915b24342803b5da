/** One row of a table. Drawn again only when its item or the columns change, not at each step of scrolling. */
import { memo, type ReactNode } from "react";
import classes from "./data-table.module.css";
import type { Column } from "./data-table.tsx";

interface TableRowProperties<Row> {
  /** Undefined: not read yet. */
  readonly row: Row | undefined;
  readonly columns: readonly Column<Row>[];
  readonly index: number;
  /** px from the top of the list, and px high. */
  readonly start: number;
  readonly size: number;
  readonly isNarrow: boolean;
}

function PlainTableRow<Row>(properties: TableRowProperties<Row>): ReactNode {
  const { row, columns, index, start, size, isNarrow } = properties;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classes.row}
      style={{ height: size, transform: `translateY(${start}px)` }}
    >
      {columns.map((column) => (
        <div
          key={column.key}
          role="cell"
          className={classes.cell}
          data-align={column.align}
          data-place={isNarrow ? column.narrow : undefined}
        >
          {row === undefined ? <span className={classes.pending} /> : column.render(row)}
        </div>
      ))}
    </div>
  );
}

// `memo` forgets that the component is generic; it is the same component.
export const TableRow = memo(PlainTableRow) as typeof PlainTableRow;
