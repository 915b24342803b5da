/**
 * The written half of the field documentation, one file an area: `facts/` has what no language changes (default,
 * example, unit, version), `en/` and `zh/` the sentences. `field-docs.test.ts` holds them to the schemas.
 */
import type { Language } from "../messages/messages.ts";
import enApp from "./en/app.json" with { type: "json" };
import factsApp from "./facts/app.json" with { type: "json" };
import zhApp from "./zh/app.json" with { type: "json" };

/** What is known of a field beside its schema and its sentence. */
export interface FieldFacts {
  /** What is assumed when it is left out; null: nothing. Required fields have none. */
  readonly default?: unknown;
  readonly example: unknown;
  /** Symbol: `s`, `ms`, `MiB`, `B`, `CPU`, `GPU`; `ms UTC` for points in time. */
  readonly unit?: string;
  /** Version that brought it; absent while it is understood but refused. */
  readonly since?: string;
}

export const fieldFacts: Readonly<Record<string, FieldFacts>> = { ...factsApp };

export const fieldTexts: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: { ...enApp },
  zh: { ...zhApp },
};
