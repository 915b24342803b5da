/** Reads records that this or an earlier build wrote. */
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { isJsonObject } from "#foundation/base/json.ts";

/** Written into every record; a record with a higher number comes from a newer build and is refused. */
export const recordFormat = 1;

/** The record can't be used; starting on anyhow would lose what it says. */
export class RecordInvalid extends Error {
  override readonly name = "RecordInvalid";
  readonly key: string;

  constructor(key: string, problem: string) {
    super(`record ${key}: ${problem}`);
    this.key = key;
  }
}

export class RecordReader {
  readonly #key: string;
  readonly #object: JsonObject;

  constructor(key: string, value: JsonValue | undefined) {
    if (value === undefined || !isJsonObject(value)) throw new RecordInvalid(key, "not an object");
    const format = value["format"];
    if (typeof format === "number" && format > recordFormat) {
      throw new RecordInvalid(
        key,
        `written by a newer build (format ${format}, this build reads ${recordFormat})`,
      );
    }
    this.#key = key;
    this.#object = value;
  }

  value(name: string): JsonValue | undefined {
    return this.#object[name];
  }

  text(name: string): string {
    const value = this.#object[name];
    if (typeof value !== "string") throw new RecordInvalid(this.#key, `${name} is not a text`);
    return value;
  }

  number(name: string): number {
    const value = this.#object[name];
    if (typeof value !== "number") throw new RecordInvalid(this.#key, `${name} is not a number`);
    return value;
  }

  object(name: string): JsonObject {
    const value = this.#object[name];
    if (value === undefined || !isJsonObject(value)) {
      throw new RecordInvalid(this.#key, `${name} is not an object`);
    }
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.#object[name] === undefined ? undefined : this.text(name);
  }

  /** Absent, and anything that is neither, is undefined. */
  optionalBoolean(name: string): boolean | undefined {
    const value = this.#object[name];
    return typeof value === "boolean" ? value : undefined;
  }

  optionalNumber(name: string): number | undefined {
    return this.#object[name] === undefined ? undefined : this.number(name);
  }

  /** Absent is empty. */
  list(name: string): readonly JsonValue[] {
    const value = this.#object[name] ?? [];
    if (!Array.isArray(value)) throw new RecordInvalid(this.#key, `${name} is not a list`);
    return value;
  }

  oneOf<Text extends string>(name: string, allowed: readonly Text[]): Text {
    const value = this.#object[name];
    const found = allowed.find((text) => text === value);
    if (found === undefined) throw new RecordInvalid(this.#key, `${name} is ${JSON.stringify(value)}`);
    return found;
  }
}
