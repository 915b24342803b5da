/** What may stand where the cursor is: words of the registry, and names of things from the cluster, kept for a moment. */
import type { Input } from "../command-line/input.ts";
import { completeWords } from "../completion/complete-words.ts";
import { liveNames } from "../completion/live-names.ts";
import type { Context } from "../context.ts";

/** A shell shows no more than these. */
const wordsShown = 200;

export async function complete(context: Context, input: Input): Promise<void> {
  const { fixed, offers, current } = completeWords(context.commands, input.wordsFrom(0), context.say);
  const names = offers === undefined ? [] : await liveNames(context, offers).catch(() => []);
  const lines = [...fixed, ...names.map((word) => ({ word, help: "" }))]
    .filter(
      ({ word }) => word.startsWith(current) || (offers === "service" && word.slice(1).startsWith(current)),
    )
    // A service is found by its name without the slash too, and then is completed so.
    .map(({ word, help }) => ({ word: word.startsWith(current) ? word : word.slice(1), help }))
    .slice(0, wordsShown)
    .map(({ word, help }) => (help === "" ? word : `${word}\t${help}`));
  if (lines.length > 0) context.print(lines.join("\n"));
}
