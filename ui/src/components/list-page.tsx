/** A page that is one list: filter and sort stand in the address, and every state has its face. */
import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFilter, IconX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { type ListSearch, nextSort } from "../data/list-query.ts";
import type { ServerList } from "../data/server-list.ts";
import type { TextKey } from "../i18n/catalogue.ts";
import { useFormats, useText } from "../i18n/language-provider.tsx";
import { type Column, DataTable } from "./data-table.tsx";
import { IconButton } from "./icon-button.tsx";
import classes from "./list-page.module.css";
import { Page } from "./page.tsx";
import { QuickFilters } from "./quick-filters.tsx";
import { Empty, Failed, Loading } from "./states.tsx";

const filterDelayMs = 200;

export function ListPage<Row>(properties: {
  readonly title: string;
  /** What the filter takes, such as `name or status:failing`. */
  readonly filterHint: string;
  readonly columns: readonly Column<Row>[];
  readonly list: ServerList<Row>;
  readonly rowKey: (row: Row) => string;
  readonly rowHeight?: number;
  readonly search: ListSearch;
  readonly onSearch: (search: ListSearch) => void;
  /** Shown when there is nothing at all. */
  readonly empty: ReactNode;
  readonly actions?: ReactNode;
  /** Filters one uses every day, beside the one that is typed. */
  readonly quickFilters?: readonly (readonly [filter: string, label: TextKey])[];
  /** Behind them, between filter and table. */
  readonly tools?: ReactNode;
}): ReactNode {
  const { list, search, onSearch, quickFilters = [] } = properties;
  const text = useText();
  const formats = useFormats();
  const filterBy = (filter: string | undefined): void => {
    const { filter: _before, ...rest } = search;
    onSearch(filter === undefined ? rest : { ...rest, filter });
  };
  const isEmpty = list.total === 0 && search.filter === undefined && !list.isChanging;
  return (
    <Page
      title={properties.title}
      actions={properties.actions}
      beside={
        list.total === undefined ? null : <span className={classes.count}>{formats.number(list.total)}</span>
      }
      fills
    >
      {isEmpty ? null : (
        <div className={classes.tools}>
          <FilterField
            value={search.filter ?? ""}
            hint={properties.filterHint}
            onChange={({ value }) => filterBy(value === "" ? undefined : value)}
          />
          {quickFilters.length === 0 ? null : (
            <QuickFilters
              current={search.filter}
              choices={quickFilters.map(([filter, label]) => ({ filter, label: text(label) }))}
              choose={filterBy}
            />
          )}
          {properties.tools}
        </div>
      )}
      {list.total === undefined && list.error !== undefined ? (
        <Failed error={list.error} onRetry={list.retry} />
      ) : list.total === undefined ? (
        <div className={classes.waiting}>
          <Loading lines={8} />
        </div>
      ) : isEmpty ? (
        properties.empty
      ) : list.total === 0 ? (
        <Empty title={text("ui.list.noMatch")} hint={text("ui.list.noMatchHint")} />
      ) : (
        <DataTable
          label={properties.title}
          columns={properties.columns}
          list={list}
          rowKey={properties.rowKey}
          {...(properties.rowHeight === undefined ? {} : { rowHeight: properties.rowHeight })}
          sort={{
            current: search.sort,
            choose: (field) => {
              const sort = nextSort(search.sort, field);
              const { sort: _before, ...rest } = search;
              onSearch(sort === undefined ? rest : { ...rest, sort });
            },
          }}
        />
      )}
    </Page>
  );
}

function FilterField(properties: {
  readonly value: string;
  readonly hint: string;
  readonly onChange: (change: { readonly value: string }) => void;
}): ReactNode {
  const text = useText();
  const [typed, setTyped] = useState(properties.value);
  const tell = useDebouncedCallback((value: string) => properties.onChange({ value }), filterDelayMs);
  useEffect(() => setTyped(properties.value), [properties.value]);
  const change = (value: string): void => {
    setTyped(value);
    tell(value.trim());
  };
  return (
    <TextInput
      className={classes.filter ?? ""}
      aria-label={text("ui.list.filter")}
      placeholder={properties.hint}
      leftSection={<IconFilter size={15} stroke={1.8} aria-hidden />}
      rightSection={
        typed === "" ? null : (
          <IconButton label={text("ui.list.clearFilter")} size={24} onClick={() => change("")}>
            <IconX size={14} />
          </IconButton>
        )
      }
      value={typed}
      onChange={(event) => change(event.currentTarget.value)}
      data-list-filter
    />
  );
}
