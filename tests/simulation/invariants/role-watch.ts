import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";
import type { Outcome } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { parseTaskId, type ServicesEffect, type ServicesEvent } from "#frameworks/services/core/index.ts";
import type { Tell } from "./sentences.ts";

const prefix = "instances/";

/**
 * Invariant 15, over one life of services: what is launched on an offer is of a service in the role that the offer was
 * made to, by the service's definition (or, where volumes were made before, by the role that they are in) and by the
 * record of the instance.
 */
export class RoleWatch {
  readonly #tell: Tell;
  readonly #roleOfApp: (appId: string) => string | undefined;
  readonly #offers = new Map<string, string>();

  constructor(tell: Tell, roleOfApp: (appId: string) => string | undefined) {
    this.#tell = tell;
    this.#roleOfApp = roleOfApp;
  }

  decided(event: ServicesEvent | undefined, { writes, effects }: Outcome<ServicesEffect>): void {
    if (event?.kind === "subscribed") this.#offers.clear();
    if (event?.kind === "offerRescinded") this.#offers.delete(event.offerId);
    if (event?.kind === "offersReceived")
      for (const { id, allocation_info: allocation } of event.offers)
        this.#offers.set(id.value, allocation?.role ?? "*");
    const records = new Map<string, JsonObject>();
    for (const write of writes)
      if (write.key.startsWith(prefix) && write.kind === "put" && isJsonObject(write.value))
        records.set(write.key.slice(prefix.length), write.value);
    for (const effect of effects) if (effect.kind === "call") this.#called(effect.call, records);
  }

  #called(
    { accept, decline }: Pick<SchedulerCall, "accept" | "decline">,
    records: ReadonlyMap<string, JsonObject>,
  ): void {
    for (const { value } of decline?.offer_ids ?? []) this.#offers.delete(value);
    for (const { value } of accept?.offer_ids ?? []) {
      const offered = this.#offers.get(value);
      this.#offers.delete(value);
      for (const taskId of tasksIn(accept)) this.#launched(taskId, offered, records);
    }
  }

  #launched(taskId: string, offered: string | undefined, records: ReadonlyMap<string, JsonObject>): void {
    const task = parseTaskId(taskId);
    const record = records.get(task?.instanceId ?? "");
    if (task === undefined || record === undefined)
      return this.#tell("roles", `task ${taskId} was launched without a record`);
    if (record["role"] !== offered)
      this.#tell(
        "roles",
        `task ${taskId} of the role ${String(record["role"])} was launched on an offer to ${offered}`,
      );
    const wanted = this.#roleOfApp(task.appId);
    if (record["reservation"] === undefined && wanted !== offered)
      this.#tell("roles", `task ${taskId} of a service in ${wanted} was launched on an offer to ${offered}`);
  }
}

const tasksIn = (accept: SchedulerCall["accept"]): readonly string[] =>
  (accept?.operations ?? []).flatMap(({ launch, launch_group: group }) =>
    [...(launch?.task_infos ?? []), ...(group?.task_group.tasks ?? [])].map(({ task_id }) => task_id.value),
  );

/** Roles of a framework, as the master tells. */
export function rolesIn(snapshot: JsonValue | undefined, frameworkId: string | undefined): readonly string[] {
  const frameworks = snapshot !== undefined && isJsonObject(snapshot) ? snapshot["frameworks"] : undefined;
  const framework = (Array.isArray(frameworks) ? frameworks : []).find(
    (each: JsonValue) => isJsonObject(each) && each["id"] === frameworkId,
  ) as JsonObject | undefined; // just judged
  const roles = framework?.["roles"];
  return Array.isArray(roles) ? roles.map(String) : [];
}
