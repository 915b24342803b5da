/** What of a definition did not come through as it was, by comparing what was said with what is kept. */
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";

export interface Difference {
  /** `/healthChecks(0)/path` */
  readonly field: string;
  readonly was: JsonValue;
  /** Undefined: it is not kept at all. */
  readonly now: JsonValue | undefined;
}

/** Values of `said` that `kept` lacks or has differently. What `kept` says beside is a default, and no difference. */
export function differences(
  said: JsonValue | undefined,
  kept: JsonValue | undefined,
  isSame: (field: string, was: JsonValue, now: JsonValue | undefined) => boolean = () => false,
  field = "",
): readonly Difference[] {
  if (said === undefined || said === kept || isSame(field, said, kept)) return [];
  if (kept === undefined && isEmpty(said)) return [];
  if (isJsonObject(said) && isJsonObject(kept)) {
    return Object.entries(said).flatMap(([name, value]) =>
      differences(value, kept[name], isSame, `${field}/${name}`),
    );
  }
  if (Array.isArray(said) && Array.isArray(kept) && said.length === kept.length) {
    return said.flatMap((item: JsonValue, index) =>
      differences(item, kept[index] as JsonValue | undefined, isSame, `${field}(${index})`),
    );
  }
  // Nothing of it is kept: each part is named, so that parts which mean nothing stay unsaid.
  if (isJsonObject(said) && kept === undefined) {
    return Object.entries(said).flatMap(([name, value]) =>
      differences(value, undefined, isSame, `${field}/${name}`),
    );
  }
  return [{ field, was: said, now: kept }];
}

/** Says no more than leaving it out. */
function isEmpty(value: JsonValue): boolean {
  if (value === null || value === false || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.values(value).every((item) => item === undefined || isEmpty(item));
}
