/** Lists that come in windows, read whole up to a bound. */
import { pageLimitMax } from "#contracts/paging.ts";
import type { Input } from "./command-line/input.ts";
import type { Context } from "./context.ts";

/** What one command shows at most; more is said, not shown. */
const itemsMax = 20_000;

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

export interface Window {
  readonly offset: number;
  readonly limit: number;
}

/** Every item, window by window. `foot` says when there are more than are shown. */
export async function everyItem<Item>(
  context: Context,
  ask: (window: Window) => Promise<Page<Item>>,
  max = itemsMax,
): Promise<{ readonly items: readonly Item[]; readonly total: number; readonly foot?: string }> {
  const items: Item[] = [];
  for (;;) {
    const limit = Math.min(pageLimitMax, max - items.length);
    const page = await ask({ offset: items.length, limit });
    items.push(...page.items);
    const isOver = page.items.length === 0 || items.length >= page.total;
    if (isOver) return { items, total: page.total };
    if (items.length >= max)
      return {
        items,
        total: page.total,
        foot: context.say("list.more", { shown: items.length, total: page.total }),
      };
  }
}

/** `--filter` and `--sort` as a list takes them. */
export function listQuery(input: Input): { readonly filter?: string; readonly sort?: string } {
  const filter = input.text("filter");
  const sort = input.text("sort");
  return { ...(filter === undefined ? {} : { filter }), ...(sort === undefined ? {} : { sort }) };
}
