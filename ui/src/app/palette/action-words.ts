/** Finds an act in what was typed, such as `restart cart`, 重启 cart or `chongqi cart`: a verb, and the rest names the object. */
export interface Verb<Action> {
  readonly action: Action;
  /** Lower case: the word itself, and its pinyin. */
  readonly spellings: readonly string[];
}

export interface ActionWords<Action> {
  readonly actions: readonly Action[];
  /** What is left without the verb. */
  readonly rest: string;
}

/** A verb may be unfinished from this many letters on. */
const prefixMin = 2;

/** Undefined when no word is a verb, or nothing else was typed. */
export function actionWords<Action>(
  words: string,
  verbs: readonly Verb<Action>[],
): ActionWords<Action> | undefined {
  const parts = words.split(/\s+/).filter((part) => part !== "");
  if (parts.length < 2) return undefined;
  for (const part of parts) {
    const typed = part.toLowerCase();
    if (typed.length < prefixMin) continue;
    const actions = verbs
      .filter(({ spellings }) => spellings.some((spelling) => spelling.startsWith(typed)))
      .map(({ action }) => action);
    if (actions.length > 0) return { actions, rest: parts.filter((other) => other !== part).join(" ") };
  }
  return undefined;
}
