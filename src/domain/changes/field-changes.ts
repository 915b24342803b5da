/** What differs between two versions of a thing, field by field, with secrets masked. */
import type { FieldChange } from "#contracts/observe/audit.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";

/** Stands for a value under a name that looks secret. That it changed is still told. */
export const maskedValue = "••••••";

/** More changes than this are not told one by one: the rest is left out. */
export const fieldChangesMax = 500;

const secretName =
  /pass(word|wd|phrase)|secret|token|credential|private.?key|api.?key|access.?key|authorization|cookie/i;

/** Whether a field of this name is not to be shown. */
export const looksSecret = (name: string): boolean => secretName.test(name);

/**
 * The changes from `before` to `after`, in the order of their paths. A side that is undefined did not exist. Paths are
 * JSON pointers (RFC 6901). Items of arrays are compared by their place.
 */
export function fieldChanges(before: JsonValue | undefined, after: JsonValue | undefined): FieldChange[] {
  const changes: FieldChange[] = [];
  compare("", before, after, { isSecret: false, changes });
  return changes;
}

interface Walk {
  readonly isSecret: boolean;
  readonly changes: FieldChange[];
}

function compare(
  path: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  { isSecret, changes }: Walk,
): void {
  if (changes.length >= fieldChangesMax || isSame(before, after)) return;
  if (isJsonObject(before) && isJsonObject(after)) {
    for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
      compare(`${path}/${escaped(name)}`, own(before, name), own(after, name), {
        isSecret: isSecret || looksSecret(name),
        changes,
      });
    }
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    for (let index = 0; index < length; index += 1)
      compare(`${path}/${index}`, before[index], after[index], { isSecret, changes });
    return;
  }
  changes.push({
    path,
    ...(before === undefined ? {} : { before: masked(before, isSecret) }),
    ...(after === undefined ? {} : { after: masked(after, isSecret) }),
  });
}

/** The value without what looks secret in it. */
export function masked(value: JsonValue, isSecret = false): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => masked(item, isSecret));
  if (isJsonObject(value)) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, each]) =>
        each === undefined ? [] : [[name, masked(each, isSecret || looksSecret(name))]],
      ),
    );
  }
  return isSecret && value !== null ? maskedValue : value;
}

function isSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => isSame(own(one, name), own(other, name)));
}

/** A name as one part of a JSON pointer. */
const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** A field of the value itself: a name like `__proto__` finds nothing that was inherited. */
const own = (value: JsonObject, name: string): JsonValue | undefined =>
  Object.hasOwn(value, name) ? value[name] : undefined;
