/** How words typed in the palette find a title: every word must occur, earlier and at a word's start ranks higher. */

export interface Searchable {
  /** Texts it is found by, lower case: its title, and for Chinese its pinyin, whole and initials. */
  readonly haystacks: readonly string[];
}

/** 0: not found; higher is better. */
export function rank(item: Searchable, words: string): number {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (wanted.length === 0) return 1;
  let best = 0;
  for (const haystack of item.haystacks) best = Math.max(best, rankText(haystack, wanted));
  return best;
}

function rankText(haystack: string, wanted: readonly string[]): number {
  let sum = 0;
  for (const word of wanted) {
    const at = haystack.indexOf(word);
    if (at === -1) return 0;
    const isWordStart = at === 0 || /[\s/._-]/.test(haystack[at - 1] ?? "");
    sum += (isWordStart ? 100 : 10) + Math.max(0, 20 - at);
  }
  return sum;
}

/** The best of `items`, at most `max`; in the given order where they rank alike. */
export function bestOf<Item extends Searchable>(
  items: readonly Item[],
  words: string,
  max: number,
): readonly Item[] {
  return items
    .map((item) => ({ item, score: rank(item, words) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .slice(0, max)
    .map(({ item }) => item);
}
