/** A services core with a master that gives it all it asks for, and whose tasks run, or end, at once. */
import type { TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { GroupTree } from "#domain/definitions/group.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { anOffer, aStatus } from "../../src/frameworks/base/core/testing/offers.ts";
import {
  createServicesCore,
  type ServicesCore,
  type ServicesEffect,
  type ServicesEvent,
} from "../../src/frameworks/services/core/index.ts";
import { aPolicy } from "../../src/frameworks/services/core/testing/builders.ts";

/** Offers that come together, each of another agent. */
const offersAtOnce = 50;

export class ServicesBench {
  readonly core: ServicesCore;
  readonly #instancesPerOffer: number;
  #now = 1;
  #offers = 0;
  #requests = 0;
  readonly #launched: TaskInfo[] = [];
  readonly #killed: string[] = [];

  constructor({ instancesPerOffer = 500 }: { readonly instancesPerOffer?: number } = {}) {
    this.#instancesPerOffer = instancesPerOffer;
    this.core = createServicesCore({
      records: [],
      random: seededRandom(5),
      policy: aPolicy({
        launchTokens: 10_000_000,
        maxInstancesPerOffer: instancesPerOffer,
        killsInFlightMax: 1_000_000,
        servicePortMax: 60_000,
      }),
    });
    this.apply({ kind: "subscribed", frameworkId: "bench" });
  }

  get now(): number {
    return this.#now;
  }

  put(...definitions: readonly AppDefinition[]): void {
    this.apply({
      kind: "changeApps",
      request: this.#request(),
      upserts: definitions.map((definition) => ({ definition, expect: "any" })),
      removals: [],
      force: false,
    });
  }

  defineGroup(tree: GroupTree): void {
    this.apply({
      kind: "changeGroup",
      request: this.#request(),
      groupId: tree.id,
      change: { kind: "define", tree, expect: "any" },
      force: false,
      isDryRun: false,
    });
  }

  scale(appId: string, instances: number): void {
    const app = this.core.queries.app(appId);
    if (app === undefined) throw new Error(`there is no ${appId}`);
    this.put({ ...app.definition, instances });
  }

  /** Until no deployment is left. */
  settle(): void {
    for (let rounds = 0; this.core.queries.deployments().length > 0; rounds += 1) {
      if (rounds > 10_000) throw new Error("the deployment never ends");
      this.apply({ kind: "offersReceived", offers: this.#newOffers() });
      for (const task of this.#launched.splice(0)) this.#tell(task.task_id.value, "TASK_RUNNING");
      for (const taskId of this.#killed.splice(0)) this.#tell(taskId, "TASK_KILLED");
    }
  }

  /** Lets time pass and runs what is due; nothing is answered. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (let at = this.core.wakeAt(); at !== undefined && at <= end; at = this.core.wakeAt()) {
      this.#now = Math.max(this.#now, at);
      for (const effect of this.core.wake(this.#now).effects) this.#perform(effect);
    }
    this.#now = end;
  }

  apply(event: ServicesEvent): void {
    this.#now += 1;
    for (const effect of this.core.apply(event, this.#now).effects) this.#perform(effect);
  }

  #newOffers() {
    const count = this.#instancesPerOffer >= 500 ? 1 : offersAtOnce;
    return Array.from({ length: count }, () => {
      this.#offers += 1;
      const id = `o-${this.#offers}`;
      return anOffer({ id, agentId: id, cpus: 1_000, mem: 1_000_000 });
    });
  }

  #tell(taskId: string, state: "TASK_RUNNING" | "TASK_KILLED"): void {
    this.apply({ kind: "statusReceived", status: aStatus(taskId, state) });
  }

  #request(): number {
    this.#requests += 1;
    return this.#requests;
  }

  #perform(effect: ServicesEffect): void {
    if (effect.kind === "reply" && effect.result.kind === "refused") {
      throw new Error(JSON.stringify(effect.result.refusal));
    }
    if (effect.kind !== "call") return;
    const { call } = effect;
    if (call.type === "KILL" && call.kill !== undefined) this.#killed.push(call.kill.task_id.value);
    for (const operation of call.accept?.operations ?? [])
      this.#launched.push(...(operation.launch?.task_infos ?? []));
  }
}
