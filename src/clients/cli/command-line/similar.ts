/** Which of the known words somebody meant who wrote one that is not there. */

/** Longer words than this are no slip of a finger. */
const wordLengthMax = 60;

/** Up to three known words, the nearest first; none when nothing is near. */
export function similar(given: string, known: Iterable<string>): readonly string[] {
  if (given === "" || given.length > wordLengthMax) return [];
  const wanted = given.toLowerCase();
  const allowed = wanted.length <= 3 ? 1 : wanted.length <= 7 ? 2 : 3;
  return [...new Set(known)]
    .filter((word) => word !== given)
    .map((word) => ({ word, distance: nearness(wanted, word.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((one, other) => one.distance - other.distance || (one.word < other.word ? -1 : 1))
    .slice(0, 3)
    .map(({ word }) => word);
}

function nearness(given: string, word: string): number {
  // The beginning of a word is what people type who are in a hurry.
  if (given.length >= 3 && word.startsWith(given)) return 0.5;
  return distance(given, word);
}

/** Letters that were added, left out, mistaken, or swapped with their neighbour. */
export function distance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      let least = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (isSwapped) least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[other.length] ?? 0;
}
