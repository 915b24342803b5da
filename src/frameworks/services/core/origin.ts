/** Who made a change, from where and with which words: kept beside versions and deployments. */
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { isJsonObject } from "#foundation/base/json.ts";

export interface Origin {
  /** uid of the user or service account. */
  readonly user?: string;
  /** Address of the client. */
  readonly from?: string;
  /** What the person wrote beside the change. */
  readonly message?: string;
}

/** Undefined is left out of the record. */
export function encodeOrigin(origin: Origin | undefined): JsonObject | undefined {
  return origin === undefined ? undefined : { ...origin };
}

/** Records of earlier builds have none. */
export function decodeOrigin(value: JsonValue | undefined): Origin | undefined {
  if (value === undefined || !isJsonObject(value)) return undefined;
  const text = (name: "user" | "from" | "message"): Origin => {
    const field = value[name];
    return typeof field === "string" ? { [name]: field } : {};
  };
  return { ...text("user"), ...text("from"), ...text("message") };
}
