import type { QuotaQuotaConfig } from "#contracts/kernel/messages.gen.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { MasterEvent } from "#kernel/master/core/events.ts";
import type { Tell } from "./sentences.ts";

/**
 * Invariant 12, over one life of the master. What an agent brings back from its absence is counted, whatever limit it
 * passes, since it runs already; nothing else may take a role beyond its limit, or further beyond.
 */
export class QuotaWatch {
  readonly #tell: Tell;
  readonly #configs: readonly QuotaQuotaConfig[];
  readonly #consumed = new Map<string, number>();

  constructor(tell: Tell, configs: readonly QuotaQuotaConfig[]) {
    this.#tell = tell;
    this.#configs = configs;
  }

  /** `snapshot` is the master's after the event. */
  decided(event: MasterEvent | undefined, snapshot: JsonValue): void {
    const isReturn = event?.kind === "agentSaid" && event.message.kind === "reregister";
    for (const { role, limits = {} } of this.#configs) {
      for (const [name, { value }] of Object.entries(limits)) {
        const has = consumedOf(snapshot, role, name);
        const had = this.#consumed.get(`${role} ${name}`) ?? 0;
        this.#consumed.set(`${role} ${name}`, has);
        if (has > value && has > had && !isReturn)
          this.#tell("quota", `role ${role} consumes ${has} ${name} with a limit of ${value}`);
      }
    }
  }
}

function consumedOf(snapshot: JsonValue, role: string, name: string): number {
  const consumed = isJsonObject(snapshot) ? snapshot["consumed"] : undefined;
  const sums = isJsonObject(consumed) ? consumed[role] : undefined;
  return Number((isJsonObject(sums) ? sums[name] : undefined) ?? 0) / 1000;
}
