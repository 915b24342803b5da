/** Requests under way at once. */
const requestsAtOnceMax = 64;

/** What `ask` gives for each, in their order, with a bound on how many are under way. Rejects with the first that does. */
export async function atOnce<Item, Result>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += requestsAtOnceMax)
    results.push(...(await Promise.all(items.slice(start, start + requestsAtOnceMax).map(ask))));
  return results;
}
