/** Volumes on other disks than the agent's own, of apps and of pods: what is asked of the master, and given back. */
import { describe, expect, it } from "vitest";
import type { OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition, PersistentVolume } from "#domain/definitions/app.ts";
import { parsePod } from "#domain/definitions/index.ts";
import type { PersistentDisk } from "#domain/definitions/persistent.ts";
import { Spread } from "#domain/placement/spread.ts";
import { conversionOf, converted, parseResources, type Resources } from "#domain/resources/index.ts";
import { anOffer, aStatus } from "#frameworks/base/core/testing/offers.ts";
import { factsOf } from "./app-facts.ts";
import type { App } from "./app-table.ts";
import { judgeNode } from "./node-verdicts.ts";
import { planPlacements } from "./placement-plan.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

const disk = (root: string, size: number, type: "PATH" | "MOUNT"): Resource => ({
  name: "disk",
  type: "SCALAR",
  scalar: { value: size },
  disk: { source: { type, ...(type === "PATH" ? { path: { root } } : { mount: { root } }), id: root } },
});

/** An agent of the test: what is there, and what calls made of it. */
class Agent {
  readonly world = new World({ agents: 0, policy: { role: "web" } });
  readonly start: Resources;
  total: Resources;
  #offers = 0;

  constructor(disks: readonly Resource[]) {
    this.world.master.connect();
    this.world.drain();
    this.start = parseResources([...(anOffer({ disk: 500 }).resources ?? []), ...disks]);
    this.total = this.start;
  }

  change(upserts: readonly AppDefinition[], removals: readonly string[] = []): void {
    this.world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: upserts.map((definition) => ({ definition, expect: "any" as const })),
      removals,
      force: true,
    }));
  }

  offer(): readonly OfferOperation[] {
    const heard = this.world.master.calls.length;
    this.#offers += 1;
    const resources = this.total.toWire({ format: "old" });
    const offer = { ...anOffer({ id: `o-${this.#offers}`, role: "web" }), resources };
    this.world.apply({ kind: "offersReceived", offers: [offer] });
    const operations = this.world.master.calls.slice(heard).flatMap(({ accept }) => accept?.operations ?? []);
    for (const operation of operations)
      if (operation.launch === undefined && operation.launch_group === undefined)
        this.total = converted(this.total, conversionOf(operation)) ?? this.fail(operation);
    // What is launched is there: volumes included.
    for (const resources of launchedResources(operations))
      expect(this.total.contains(parseResources(resources))).toBe(true);
    return operations;
  }

  fail(operation: OfferOperation): never {
    throw new Error(`${operation.type} consumes what is not there`);
  }

  tell(operations: readonly OfferOperation[], state: Parameters<typeof aStatus>[1]): void {
    for (const taskId of taskIdsOf(operations))
      this.world.apply({ kind: "statusReceived", status: aStatus(taskId, state) });
  }
}

const kinds = (operations: readonly OfferOperation[]) => operations.map(({ type }) => type);
const tasksOf = (operations: readonly OfferOperation[]) =>
  operations.flatMap(({ launch, launch_group: group }) => [
    ...(launch?.task_infos ?? []),
    ...(group?.task_group.tasks ?? []),
  ]);
const taskIdsOf = (operations: readonly OfferOperation[]): readonly string[] =>
  tasksOf(operations).map(({ task_id: id }) => id.value);
const launchedResources = (operations: readonly OfferOperation[]): readonly (readonly Resource[])[] => [
  ...tasksOf(operations).map(({ resources = [] }) => resources),
  ...operations.flatMap(({ launch_group: group }) =>
    group === undefined ? [] : [group.executor.resources ?? []],
  ),
];
/** `root size` of each volume. */
const volumesIn = (resources: Resources): readonly string[] =>
  resources.volumes().map(({ disk: info, amount }) => {
    const source = info?.source;
    const root = source?.path?.root ?? source?.mount?.root ?? "-";
    return `${info?.volume?.container_path} ${root} ${amount.kind === "scalar" ? amount.millis / 1_000 : ""}`;
  });

const volume = (containerPath: string, persistent: PersistentDisk): PersistentVolume => ({
  containerPath,
  mode: "RW",
  persistent,
});
const app = (...volumes: readonly PersistentVolume[]): AppDefinition =>
  anApp({
    id: "/db",
    role: "web",
    cpus: 0.5,
    disk: 20,
    container: { type: "MESOS", volumes },
    upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    unreachableStrategy: "disabled",
  });
const pod = (...volumes: readonly PersistentVolume[]): AppDefinition =>
  parsePod(
    {
      id: "/db",
      containers: ["one", "two"].map((name) => ({
        name,
        resources: { cpus: 0.1, mem: 32, disk: 5 },
        exec: { command: { shell: "serve" } },
        volumeMounts: volumes.map(({ containerPath }) => ({
          name: containerPath,
          mountPath: `in/${containerPath}`,
          readOnly: name === "two",
        })),
      })),
      volumes: volumes.map(({ containerPath: name, persistent }) => ({ name, persistent })),
    },
    { defaultRole: "web" },
  );

const disks = [
  disk("/p1", 100, "PATH"),
  disk("/p2", 300, "PATH"),
  disk("/m1", 50, "MOUNT"),
  disk("/m2", 80, "MOUNT"),
];
const volumes = [
  volume("own", { type: "root", size: 10 }),
  volume("part", { type: "path", size: 30 }),
  volume("whole", { type: "mount", size: 40 }),
  volume("more", { type: "path", size: 40 }),
];
const kindsOfService = [
  { name: "an app", launch: "LAUNCH", of: app },
  { name: "a pod", launch: "LAUNCH_GROUP", of: pod },
] as const;

describe.each(kindsOfService)("$name with volumes on several disks", ({ launch, of }) => {
  it("reserves and makes them with one call, comes back to the same, and gives all of it back", () => {
    const agent = new Agent(disks);
    agent.change([of(...volumes)]);
    const first = agent.offer();
    expect(kinds(first)).toEqual(["RESERVE", "CREATE", launch]);
    const made = ["own - 10", "part /p2 30", "whole /m1 50", "more /p2 40"];
    expect([...volumesIn(agent.total)].sort()).toEqual([...made].sort());
    agent.tell(first, "TASK_RUNNING");
    const before = agent.total;
    const instances = agent.world.core.queries.podStatus("/db", agent.world.now)?.["instances"];
    if (launch === "LAUNCH_GROUP")
      expect(instances).toMatchObject([
        {
          localVolumes: ["own", "part", "whole", "more"].map((containerPath) => ({
            runSpecId: "/db",
            containerPath,
            persistenceId: expect.stringMatching(`^db#${containerPath}#`),
          })),
        },
      ]);
    agent.tell(first, "TASK_FAILED");
    agent.world.pass(60_000);
    const again = agent.offer();
    expect(kinds(again)).toEqual([launch]);
    const [one, other] = [first, again].map((operations) =>
      launchedResources(operations).flatMap((each) =>
        parseResources(each)
          .volumes()
          .map(({ key }) => key),
      ),
    );
    expect(one).toEqual(other);
    expect(agent.total.equals(before)).toBe(true);
    agent.tell(again, "TASK_RUNNING");
    agent.change([], ["/db"]);
    agent.tell(again, "TASK_KILLED");
    expect(kinds(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
    expect(agent.total.equals(agent.start)).toBe(true);
    expect(agent.world.core.check()).toEqual([]);
  });

  it.each([
    ["of another kind", volume("a", { type: "mount", size: 10 }), [disk("/p", 100, "PATH")]],
    ["that is large enough", volume("a", { type: "path", size: 200 }), [disk("/p", 100, "PATH")]],
    ["that is small enough", volume("a", { type: "mount", size: 1, maxSize: 9 }), [disk("/m", 10, "MOUNT")]],
    ["besides the agent's own", volume("a", { type: "path", size: 1 }), []],
  ])("waits for a disk %s", (_name, wish, offered) => {
    const agent = new Agent(offered);
    agent.change([of(wish)]);
    expect(agent.offer()).toEqual([]);
    const [entry] = agent.world.core.queries.queue(agent.world.now, { lastUnusedOffers: true });
    expect(entry?.["lastUnusedOffers"]).toMatchObject([{ reason: ["InsufficientDisk"] }]);
  });
});

describe("the containers of a pod with a volume", () => {
  it("find it in the sandbox of their executor, which holds it", () => {
    const agent = new Agent(disks);
    agent.change([pod(volume("data", { type: "path", size: 30 }))]);
    const [, , group] = agent.offer();
    const { executor, task_group: tasks } = group?.launch_group ?? { task_group: {} };
    expect(volumesIn(parseResources(executor?.resources ?? []))).toEqual(["data /p2 30"]);
    expect((tasks.tasks ?? []).map(({ container }) => container?.volumes)).toMatchObject([
      [{ container_path: "in/data", mode: "RW", source: { sandbox_path: { type: "PARENT", path: "data" } } }],
      [{ container_path: "in/data", mode: "RO", source: { sandbox_path: { type: "PARENT", path: "data" } } }],
    ]);
    const sum = parseResources([
      ...(executor?.resources ?? []),
      ...(tasks.tasks ?? []).flatMap(({ resources = [] }) => resources),
    ]);
    expect(sum.scalarMillis("cpus")).toBe(300);
  });
});

describe("a plan", () => {
  it("puts no more instances on a node than it has disks for", () => {
    const definition = { ...app(volume("a", { type: "mount", size: 10 })), instances: 3 };
    const wanted = { definition, facts: factsOf(definition) };
    const history: Omit<App, "id" | "definition" | "facts"> = {
      versions: { version: 1, lastScalingAt: 1, lastConfigChangeAt: 1 },
      history: new Map(),
      lastFailure: undefined,
      origin: undefined,
    };
    const free = { cpus: 8_000, mem: 8_192_000, disk: 500_000 };
    const node = (id: string, offered: readonly Resource[]) =>
      judgeNode(
        {
          agent: { agentId: id, host: id, region: undefined, zone: undefined, attributes: [] },
          free,
          total: free,
          disks: parseResources(offered).entries,
          ports: undefined,
          setAside: undefined,
          at: 0,
        },
        {
          app: { id: "/db", ...wanted, ...history },
          acceptedRoles: new Set(["*"]),
          populationOf: () => ({ instances: 3, spread: new Spread() }),
          localRegion: undefined,
          drainingMs: 0,
          gpuSchedulingBehavior: "restricted",
        },
      );
    const nodes = [node("one", disks), node("none", [])];
    expect(planPlacements({ app: wanted, count: 3, nodes, spreadOf: () => new Spread() })).toMatchObject({
      placements: [{ agentId: "one", count: 2 }],
      unplaced: 1,
    });
    expect(nodes.map(({ verdict }) => verdict.causes)).toEqual([[], [{ code: "disksMissing", detail: "-" }]]);
  });
});

describe("a task without volumes", () => {
  it("is never given another disk than the agent's own", () => {
    const agent = new Agent(disks);
    agent.change([anApp({ id: "/db", role: "web", disk: 501 })]);
    expect(agent.offer()).toEqual([]);
    agent.change([anApp({ id: "/db", role: "web", disk: 500 })]);
    agent.world.pass(60_000);
    expect(kinds(agent.offer())).toEqual(["LAUNCH"]);
  });
});
