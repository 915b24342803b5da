import type { TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { GroupTree } from "#domain/definitions/group.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { anOffer, aStatus } from "../../src/frameworks/base/core/testing/offers.ts";
import {
  createServicesCore,
  type ServicesCore,
  type ServicesEffect,
  type ServicesEvent,
} from "../../src/frameworks/services/core/index.ts";
import { anApp, aPolicy } from "../../src/frameworks/services/core/testing/builders.ts";
import { type Benchmark, type Figure, measure } from "./frame.ts";

/** Apps of a group lie in so many groups, of which the second half depends on the first. */
const groups = 10;
const groupId = "/many";

function treeOf(apps: number, cmd: string): GroupTree {
  const path = (group: number): string => `${groupId}/g${group}`;
  return {
    id: groupId,
    groups: Array.from({ length: groups }, (_, group) => ({
      id: path(group),
      dependencies: group < groups / 2 ? [] : [path(group - groups / 2)],
      apps: Array.from({ length: Math.ceil(apps / groups) }, (_each, index) =>
        anApp({ id: `${path(group)}/a${index}`, cmd, cpus: 0.01, mem: 8 }),
      ),
    })),
  };
}

/** Services with a master that gives it all it asks for, and whose tasks run at once. */
class Bench {
  readonly core: ServicesCore;
  #now = 1;
  #offers = 0;
  #requests = 0;
  readonly #launched: TaskInfo[] = [];
  readonly #killed: string[] = [];

  constructor() {
    this.core = createServicesCore({
      records: [],
      random: seededRandom(5),
      policy: aPolicy({
        launchTokens: 10_000_000,
        maxInstancesPerOffer: 500,
        killsInFlightMax: 1_000_000,
        servicePortMax: 60_000,
      }),
    });
    this.apply({ kind: "subscribed", frameworkId: "bench" });
  }

  define(apps: number, cmd: string): void {
    this.apply({
      kind: "changeGroup",
      request: this.#request(),
      groupId,
      change: { kind: "define", tree: treeOf(apps, cmd), expect: "any" },
      force: false,
      isDryRun: false,
    });
  }

  scale(appId: string, instances: number): void {
    const app = this.core.queries.app(appId);
    if (app === undefined) throw new Error(`there is no ${appId}`);
    this.apply({
      kind: "changeApps",
      request: this.#request(),
      upserts: [{ definition: { ...app.definition, instances }, expect: "present" }],
      removals: [],
      force: false,
    });
  }

  /** Until no deployment is left. */
  settle(): void {
    for (let rounds = 0; this.core.queries.deployments().length > 0; rounds += 1) {
      if (rounds > 1_000) throw new Error("the deployment never ends");
      this.#offers += 1;
      const id = `o-${this.#offers}`;
      this.apply({
        kind: "offersReceived",
        offers: [anOffer({ id, agentId: id, cpus: 1_000, mem: 1_000_000 })],
      });
      for (const task of this.#launched.splice(0)) this.#tell(task.task_id.value, "TASK_RUNNING");
      for (const taskId of this.#killed.splice(0)) this.#tell(taskId, "TASK_KILLED");
    }
  }

  apply(event: ServicesEvent): void {
    this.#now += 1;
    for (const effect of this.core.apply(event, this.#now).effects) this.#perform(effect);
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

async function deploy(apps: number): Promise<Figure> {
  const bench = new Bench();
  return measure(apps, apps, () => {
    bench.define(apps, "one");
    bench.settle();
  });
}

async function update(apps: number): Promise<Figure> {
  const bench = new Bench();
  bench.define(apps, "one");
  bench.settle();
  return measure(apps, apps, () => {
    bench.define(apps, "two");
    bench.settle();
  });
}

async function changeOne(apps: number): Promise<Figure> {
  const bench = new Bench();
  bench.define(apps, "one");
  bench.settle();
  const changes = 2_000;
  return measure(apps, changes, () => {
    for (let change = 0; change < changes; change += 1) {
      bench.scale(`${groupId}/g0/a${change % 10}`, 2 + (change % 2));
      bench.settle();
    }
  });
}

const sizes = [300, 1_000, 3_000, 10_000];

function benchmark(name: string, operation: string, run: (apps: number) => Promise<Figure>): Benchmark {
  return {
    name,
    operation,
    target: "a slope of at most 0.2: what a change costs is what it changes",
    sizes,
    isInProcess: true,
    run: async (apps) => {
      // Once for the compiler.
      await run(100);
      return run(apps);
    },
  };
}

export const benchmarks: readonly Benchmark[] = [
  benchmark(
    "group-deploy",
    "one app of a new group, of ten groups depending in pairs, until it runs",
    deploy,
  ),
  benchmark("group-update", "one app of a group given another command, until its new task runs", update),
  benchmark("group-change-one", "one app of a large group scaled, until it runs", changeOne),
];
