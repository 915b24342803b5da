import { isJsonObject } from "#foundation/base/json.ts";
import type { AgentEffect } from "#kernel/agent/core/events.ts";
import type { MasterEffect } from "#kernel/master/core/effects.ts";
import type { SimDisk } from "../engine/index.ts";
import type { Tell } from "./sentences.ts";
import type { UpdateWatch } from "./update-watch.ts";

/**
 * Invariant 5: what leaves a process is on its disk already. There is one master at a time in this build, so
 * "one leader acts in an epoch" means that no two lives of it ever show the same epoch, nor a lower one.
 */
export class PromiseWatch {
  readonly #tell: Tell;
  readonly #lifeOf = new Map<number, number>();
  #highest = 0;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** An effect leaves the master in its life of this number. */
  masterDid(effect: MasterEffect, life: number, disk: SimDisk): void {
    if (effect.kind !== "sendToAgent") return;
    const { message } = effect;
    if (message.kind === "hello") this.#acts(message.epoch, life, disk);
    if (message.kind === "registered" || message.kind === "reregistered") {
      if (!isDecided(message.agentId, disk))
        this.#tell("promises", `agent ${message.agentId} was admitted and is not in the registry`);
    }
  }

  /** An effect leaves an agent. */
  agentDid(effect: AgentEffect, machine: string, disk: SimDisk, updates: UpdateWatch): void {
    if (effect.kind === "launchContainer") {
      const { containerId } = effect.plan;
      if (!disk.has(`tasks/${containerId}/spec`) && !disk.has(`executors/${containerId}/spec`))
        this.#tell("promises", `${machine} starts ${containerId} and its disk does not know it`);
    }
    if (effect.kind !== "sendFrame" || effect.message.kind !== "statusUpdate") return;
    const { uuid, state, task_id } = effect.message.status;
    if (uuid !== undefined && uuid !== "" && !updates.isDurable(uuid))
      this.#tell("promises", `${machine} tells ${state} of ${task_id.value} before it is on its disk`);
  }

  #acts(epoch: number, life: number, disk: SimDisk): void {
    const record = disk.get("master/epoch");
    const durable = record !== undefined && isJsonObject(record) ? record["epoch"] : undefined;
    if (durable !== epoch)
      this.#tell("promises", `life ${life} of the master acts in epoch ${epoch}, its disk says ${durable}`);
    const other = this.#lifeOf.get(epoch);
    if (other !== undefined && other !== life)
      this.#tell("promises", `lives ${other} and ${life} of the master both act in epoch ${epoch}`);
    if (epoch < this.#highest)
      this.#tell("promises", `a master acts in epoch ${epoch} after one of epoch ${this.#highest}`);
    this.#lifeOf.set(epoch, life);
    this.#highest = Math.max(this.#highest, epoch);
  }
}

/** Admitted, or by a step that was committed with that one already given up or down for maintenance. */
function isDecided(agentId: string, disk: SimDisk): boolean {
  const id = encodeURIComponent(agentId);
  if (["agents", "unreachable", "gone"].some((kind) => disk.has(`${kind}/${id}`))) return true;
  const maintenance = disk.get("maintenance/schedule");
  const down = maintenance !== undefined && isJsonObject(maintenance) ? maintenance["down"] : undefined;
  return Array.isArray(down) && down.length > 0;
}
