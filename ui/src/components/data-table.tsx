/**
 * A table of any length: only the rows on the screen exist, each of a fixed height. On narrow screens a row becomes
 * two lines. Read out as a table; the scrolled part takes the keyboard.
 */
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type ReactNode, useEffect, useMemo, useRef } from "react";
import type { ServerList } from "../data/server-list.ts";
import type { TextKey } from "../i18n/catalogue.ts";
import { useText } from "../i18n/language-provider.tsx";
import { ColumnHead } from "./column-head.tsx";
import classes from "./data-table.module.css";
import { TableRow } from "./table-row.tsx";

export interface Column<Row> {
  readonly key: string;
  readonly title: TextKey;
  /** Read out, not shown. */
  readonly isTitleHidden?: boolean;
  /** A track of a CSS grid, such as `minmax(180px, 2fr)`. */
  readonly width: string;
  readonly align?: "end";
  /** The field the server sorts by. */
  readonly sort?: string;
  /** Shown from this width of the table on, in px. */
  readonly from?: number;
  /** Where it stands in the two lines of a narrow row; not shown there when absent. */
  readonly narrow?: "title" | "side" | "line";
  render(row: Row): ReactNode;
}

export interface TableSort {
  readonly current: string | undefined;
  choose(field: string): void;
}

/** Below this width of the table rows have two lines. */
const narrowBelow = 620;
const rowHeightByDefault = 46;
/** A narrow row has another line. */
const narrowMore = 28;
/** Of the head with the lines around the table. */
const headHeight = 41;

export function DataTable<Row>(properties: {
  /** Read out as the table's name. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly list: ServerList<Row>;
  readonly rowKey: (row: Row) => string;
  readonly sort?: TableSort;
  /** In px, on wide screens; for rows of two lines. */
  readonly rowHeight?: number;
}): ReactNode {
  const { columns, list, rowKey, sort, rowHeight = rowHeightByDefault } = properties;
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: measured, width } = useElementSize<HTMLDivElement>();
  const isNarrow = width > 0 && width < narrowBelow;
  // The number of columns that fit changes rarely; rows are drawn again when it does.
  const isShown = (column: Column<Row>): boolean =>
    isNarrow ? column.narrow !== undefined : column.from === undefined || width >= column.from;
  const shownKeys = columns
    .filter(isShown)
    .map(({ key }) => key)
    .join(" ");
  const shown = useMemo(
    () => columns.filter(({ key }) => shownKeys.split(" ").includes(key)),
    [columns, shownKeys],
  );
  const tracks = shown.map((column) => column.width).join(" ");
  const count = list.total ?? 0;
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow ? rowHeight + narrowMore : rowHeight),
    overscan: 8,
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const { show } = list;
  useEffect(() => show(first, last), [show, first, last]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: heights are measured again when the layout changes
  useEffect(() => virtualizer.measure(), [isNarrow]);

  return (
    <div
      className={classes.frame}
      data-changing={list.isChanging || undefined}
      style={{ maxHeight: virtualizer.getTotalSize() + (isNarrow ? 2 : headHeight) }}
    >
      <div
        ref={useMergedRef(scroller, measured)}
        className={classes.scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        role="table"
        aria-label={properties.label}
        aria-rowcount={count + 1}
        data-narrow={isNarrow || undefined}
        style={{ "--tracks": tracks } as CSSProperties}
      >
        <div role="rowgroup" className={classes.head}>
          <div role="row" aria-rowindex={1} className={classes.row}>
            {shown.map((column) => (
              <ColumnHead
                key={column.key}
                title={text(column.title)}
                isHidden={column.isTitleHidden === true}
                alignEnd={column.align === "end"}
                field={column.sort}
                sort={sort}
              />
            ))}
          </div>
        </div>
        <div role="rowgroup" className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = list.row(item.index);
            return (
              <TableRow
                key={row === undefined ? item.key : rowKey(row)}
                row={row}
                columns={shown}
                index={item.index}
                start={item.start}
                size={item.size}
                isNarrow={isNarrow}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
