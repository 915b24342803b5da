/** Every way to write a command: its path, its aliases, and each of these below another word for the same things. */
import type { CommandSpec } from "./spec.ts";

/** What people call things elsewhere. A service is an app or a pod. */
export const otherNouns: Readonly<Record<string, readonly string[]>> = {
  service: ["services", "app", "apps", "pod", "pods", "marathon app", "marathon pod"],
  "service group": ["marathon group"],
  "service queue": ["marathon queue", "marathon debug list"],
  deployment: ["deployments", "marathon deployment"],
  task: ["tasks", "marathon task"],
  job: ["jobs"],
  node: ["nodes"],
};

export function spellingsOf({ path, aliases = [] }: CommandSpec): readonly string[] {
  const own = [path, ...aliases];
  const elsewhere = own.flatMap((spelling) =>
    Object.entries(otherNouns).flatMap(([noun, others]) =>
      spelling === noun || spelling.startsWith(`${noun} `)
        ? others.map((other) => `${other}${spelling.slice(noun.length)}`)
        : [],
    ),
  );
  return [...new Set([...own, ...elsewhere])];
}

/** Commands by each spelling; what a command says itself goes before what follows from another word. */
export function bySpelling(specs: readonly CommandSpec[]): ReadonlyMap<string, CommandSpec> {
  const found = new Map<string, CommandSpec>();
  for (const spec of specs) for (const own of [spec.path, ...(spec.aliases ?? [])]) found.set(own, spec);
  for (const spec of specs)
    for (const spelling of spellingsOf(spec)) if (!found.has(spelling)) found.set(spelling, spec);
  return found;
}

/** The word that help and reference have for what somebody calls `word`. */
export const nounOf = (word: string): string =>
  Object.entries(otherNouns).find(([, others]) => others.includes(word))?.[0] ?? word;
