/** Secrets that a definition declares, and what in it refers to them. Source: contract marathon.md section 5. */
import { secretPathOf } from "../secrets/index.ts";
import type { ProblemList } from "./problems.ts";

/** In place of a variable's text: the name of a declared secret. */
export interface SecretReference {
  readonly secret: string;
}

/** By a name of the definition's own; `source` is the path in the store. */
export type DeclaredSecrets = Readonly<Record<string, { readonly source: string }>>;

export type Variables = Readonly<Record<string, string | SecretReference>>;

/** Each of an environment, by where it stands. */
export function referencesIn(
  environment: Variables | undefined,
  where: string,
): readonly (readonly [path: string, secret: string])[] {
  return Object.entries(environment ?? {}).flatMap(([name, value]) =>
    typeof value === "string" ? [] : [[`${where}/${name}`, value.secret] as const],
  );
}

export function validateSecrets(
  secrets: DeclaredSecrets | undefined,
  references: readonly (readonly [path: string, secret: string])[],
  problems: ProblemList,
): void {
  for (const [name, { source }] of Object.entries(secrets ?? {})) {
    if (secretPathOf(source) === undefined)
      problems.add(`/secrets/${name}/source`, `"${source}" is not the path of a secret`);
  }
  for (const [path, secret] of references) {
    if (!Object.hasOwn(secrets ?? {}, secret)) problems.add(path, `no secret is declared as "${secret}"`);
  }
}
