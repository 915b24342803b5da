/**
 * A long list of which the server keeps the whole and the page only what is on the screen: windows of 100 items are
 * read as they come into view, and read again when an event says that the list changed.
 */
import { keepPreviousData, type QueryKey, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

export interface ServerPage<Row> {
  readonly items: readonly Row[];
  readonly total: number;
}

export interface ServerList<Row> {
  /** Undefined until the first answer. */
  readonly total: number | undefined;
  /** Undefined: not read yet. */
  row(index: number): Row | undefined;
  /** The newest failure, while no answer is shown. */
  readonly error: Error | undefined;
  /** Another filter or sort was asked for; what is shown is from before. */
  readonly isChanging: boolean;
  retry(): void;
  /** Says which rows are on the screen. */
  show(first: number, last: number): void;
}

const pageSize = 100;

export function useServerList<Row>(options: {
  readonly queryKey: QueryKey;
  readonly read: (
    window: { readonly offset: number; readonly limit: number },
    signal: AbortSignal,
  ) => Promise<ServerPage<Row>>;
}): ServerList<Row> {
  const { queryKey, read } = options;
  const client = useQueryClient();
  const [{ first, last }, setShown] = useState({ first: 0, last: 0 });
  const pageQuery = (page: number) => ({
    queryKey: [...queryKey, page],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      read({ offset: page * pageSize, limit: pageSize }, signal),
  });
  // The first window gives the total; it stays while another filter's first window is read.
  const start = useQuery({ ...pageQuery(0), placeholderData: keepPreviousData });
  const later = useMemo(() => {
    const pages: number[] = [];
    for (let page = Math.max(1, first); page <= last; page += 1) pages.push(page);
    return pages;
  }, [first, last]);
  const windows = useQueries({ queries: later.map(pageQuery) });

  const show = useCallback((firstRow: number, lastRow: number) => {
    const next = { first: Math.floor(firstRow / pageSize), last: Math.floor(lastRow / pageSize) };
    setShown((now) => (now.first === next.first && now.last === next.last ? now : next));
  }, []);
  const hash = JSON.stringify(queryKey);
  const retry = useCallback(() => {
    void client.invalidateQueries({ queryKey: JSON.parse(hash) as QueryKey });
  }, [client, hash]);

  const row = (index: number): Row | undefined => {
    const page = Math.floor(index / pageSize);
    const data = page === 0 ? start.data : windows[later.indexOf(page)]?.data;
    return data?.items[index % pageSize];
  };
  return {
    total: start.data?.total,
    row,
    error: start.error ?? undefined,
    isChanging: start.isPlaceholderData,
    retry,
    show,
  };
}
