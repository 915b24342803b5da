import type { QuotaQuotaConfig } from "#contracts/kernel/messages.gen.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";

/** Invariant 12: no role has more than the limit that was set before it had anything, by what its master holds. */
export function limitsPassed(
  snapshot: JsonValue | undefined,
  configs: readonly QuotaQuotaConfig[],
): readonly string[] {
  const consumed = isJsonObject(snapshot) ? snapshot["consumed"] : undefined;
  return configs.flatMap(({ role, limits = {} }) => {
    const sums = isJsonObject(consumed) ? consumed[role] : undefined;
    return Object.entries(limits).flatMap(([name, { value }]) => {
      const has = Number((isJsonObject(sums) ? sums[name] : undefined) ?? 0) / 1000;
      return has > value ? [`role ${role} consumes ${has} ${name} with a limit of ${value}`] : [];
    });
  });
}
