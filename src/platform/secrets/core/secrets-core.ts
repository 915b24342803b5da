/**
 * Which secrets there are: a deterministic machine. Values are sealed before they come here and are opened after they
 * left, so that no record, snapshot or trace of it holds one.
 *
 * Invariant: an answer leaves when what it says is durable.
 */
import { type Core, noOutcome, type Outcome, type Write } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";

export const secretsMax = 10_000;
/** Characters of all sealed values together: they are held in memory. */
export const sealedCharactersMax = 268_435_456;

/** What is kept of one secret. */
export interface SecretRecord {
  /** base64; bound to its path by the seal. */
  readonly sealed: string;
  readonly author: string;
  /** ms UTC */
  readonly createdAt: number;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export type SecretRefusal = "exists" | "missing" | "full";
export type SecretResult =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: SecretRefusal };

interface Asked {
  readonly request: number;
  readonly path: string;
}
export type SecretsEvent =
  | (Asked & { readonly kind: "create"; readonly record: SecretRecord })
  /** What is not given stays. */
  | (Asked & { readonly kind: "change"; readonly fields: Partial<SecretRecord> })
  | (Asked & { readonly kind: "remove" });
export interface SecretsEffect {
  readonly kind: "reply";
  readonly request: number;
  readonly result: SecretResult;
}

export interface SecretsCore extends Core<SecretsEvent, SecretsEffect> {
  secret(path: string): SecretRecord | undefined;
  /** Paths below a folder, without it, sorted; the root is the empty text. */
  namesBelow(folder: string): readonly string[];
}

export const secretKeyPrefix = "secrets";
const keyOf = (path: string): string => `${secretKeyPrefix}/${encodeURIComponent(path)}`;
const pathOf = (key: string): string => decodeURIComponent(key.slice(secretKeyPrefix.length + 1));

export function createSecretsCore(records: ReadonlyMap<string, JsonValue>): SecretsCore {
  return new Secrets(records);
}

class Secrets implements SecretsCore {
  readonly #secrets = new Map<string, SecretRecord>();
  #characters = 0;

  constructor(records: ReadonlyMap<string, JsonValue>) {
    for (const [key, value] of records) this.#keep(pathOf(key), recordOf(key, value));
  }

  secret(path: string): SecretRecord | undefined {
    return this.#secrets.get(path);
  }

  namesBelow(folder: string): readonly string[] {
    const prefix = folder === "" ? "" : `${folder}/`;
    const below = [...this.#secrets.keys()].filter((path) => path.startsWith(prefix));
    return below.map((path) => path.slice(prefix.length)).sort();
  }

  apply(event: SecretsEvent): Outcome<SecretsEffect> {
    const { request, path } = event;
    const present = this.#secrets.get(path);
    const reply = (result: SecretResult): readonly SecretsEffect[] => [{ kind: "reply", request, result }];
    const refuse = (refusal: SecretRefusal): Outcome<SecretsEffect> => ({
      writes: [],
      effects: reply({ kind: "refused", refusal }),
    });
    const done = (write: Write): Outcome<SecretsEffect> => ({
      writes: [write],
      effects: reply({ kind: "done" }),
    });
    if (event.kind === "create" && present !== undefined) return refuse("exists");
    if (event.kind === "remove") {
      if (present === undefined) return refuse("missing");
      this.#drop(path);
      return done({ kind: "delete", key: keyOf(path) });
    }
    const record =
      event.kind === "create"
        ? event.record
        : present === undefined
          ? undefined
          : { ...present, ...event.fields };
    if (record === undefined) return refuse("missing");
    const grown = this.#characters + record.sealed.length - (present?.sealed.length ?? 0);
    if (grown > sealedCharactersMax || (present === undefined && this.#secrets.size >= secretsMax))
      return refuse("full");
    this.#keep(path, record);
    return done({ kind: "put", key: keyOf(path), value: { ...record } as JsonObject });
  }

  wakeAt(): undefined {
    return undefined;
  }

  wake(): Outcome<SecretsEffect> {
    return noOutcome();
  }

  snapshot(): JsonValue {
    return [...this.#secrets.keys()].sort();
  }

  check(): readonly string[] {
    let characters = 0;
    for (const { sealed } of this.#secrets.values()) characters += sealed.length;
    return characters === this.#characters ? [] : ["the sum of sealed values is not theirs"];
  }

  #keep(path: string, record: SecretRecord): void {
    this.#drop(path);
    this.#secrets.set(path, record);
    this.#characters += record.sealed.length;
  }

  #drop(path: string): void {
    this.#characters -= this.#secrets.get(path)?.sealed.length ?? 0;
    this.#secrets.delete(path);
  }
}

function recordOf(key: string, value: JsonValue): SecretRecord {
  const { sealed, author, createdAt } = isJsonObject(value) ? value : {};
  if (typeof sealed !== "string" || typeof author !== "string" || typeof createdAt !== "number")
    throw new Error(`${key}: the record is damaged`);
  return value as unknown as SecretRecord;
}
