/** What our own clients are told of jobs and their runs, and why. */
import { describe, expect, it } from "vitest";
import type { ImagePullItem } from "#contracts/kernel/own-endpoints.ts";
import { text } from "#contracts/messages/messages.ts";
import type { KnownNode, KnownNodes } from "#frameworks/base/core/known-nodes.ts";
import { aJob, World } from "./testing/world.ts";

const second = 1_000;

function aNode(
  change: Partial<KnownNode> & { readonly cpus?: number; readonly rack?: string } = {},
): KnownNode {
  const { cpus = 4, rack = "r1", ...rest } = change;
  const all = { cpus: cpus * 1_000, mem: 4_096_000, disk: 10_000_000 };
  return {
    agent: { agentId: "a1", host: "one", region: undefined, zone: undefined, attributes: [["rack", rack]] },
    isActive: true,
    byRole: { "*": { total: all, free: { ...all, cpus: Math.min(all.cpus, 1_000) } } },
    ...rest,
  };
}

const gpus = (total: number, free: number) => {
  const all = { cpus: 4_000, mem: 4_096_000, disk: 10_000_000 };
  return { total: { ...all, gpus: total }, free: { ...all, gpus: free } };
};

/** A world whose runs find no place: nothing is offered that is large enough. */
function waiting(run: object): World {
  const world = World.started({ agents: 1, cpusEach: 0.5 });
  world.create({ run });
  world.start("job");
  world.live(second);
  return world;
}

/** What is said is said in both languages: a sentence that lacks a parameter throws. */
function why(world: World, known?: KnownNodes, name = "job") {
  const told = world.core.queries.explain(name, { now: world.now, known, nodesMax: 10 });
  for (const { code, parameters } of told?.reasons ?? [])
    for (const language of ["en", "zh"] as const)
      expect(text(language, `reasons.${code}`, parameters)).not.toMatch(/undefined/);
  return told;
}
const nodes = (...all: readonly KnownNode[]): KnownNodes => ({ at: 5, nodes: all });

describe("why a run waits", () => {
  const large = { cpus: 2 };
  it.each([
    ["nobody said anything of nodes", large, undefined, "noOffersYet"],
    ["there is no node", large, nodes(), "noAgents"],
    ["no node has so much free", large, nodes(aNode()), "insufficientResources"],
    ["no node is so large", { cpus: 8 }, nodes(aNode()), "largerThanAnyNode"],
    [
      "no node has the attribute",
      { ...large, placement: { constraints: [{ attribute: "rack", operator: "IS", value: "r2" }] } },
      nodes(aNode()),
      "constraintNotSatisfiable",
    ],
    [
      "a constraint without a value keeps nothing away",
      { ...large, placement: { constraints: [{ attribute: "rack", operator: "IS" }] } },
      nodes(aNode()),
      "insufficientResources",
    ],
    ["the node is drained", large, nodes(aNode({ isActive: false, setAside: "draining" })), "nodesSetAside"],
    [
      "a window of maintenance is open",
      large,
      nodes(aNode({ maintenance: { startsAt: 0 } })),
      "nodesSetAside",
    ],
    [
      "the quota of the role is used up",
      large,
      { ...nodes(aNode()), limits: new Map([["*", { limit: { cpus: 2_500 }, consumed: { cpus: 1_000 } }]]) },
      "quotaLimited",
    ],
    ["the node has nothing for this role", large, nodes(aNode({ byRole: {} })), "roleMissing"],
    ["no node has a GPU", { ...large, gpus: 1 }, nodes(aNode()), "gpusMissing"],
    [
      "the GPUs are another's",
      { ...large, gpus: 2 },
      nodes(aNode({ byRole: { "*": gpus(4_000, 1_000) } })),
      "gpusMissing",
    ],
    [
      "the only node is kept for those who need GPUs",
      { cpus: 0.7 },
      nodes(aNode({ byRole: { "*": gpus(1_000, 1_000) } })),
      "constraintNotSatisfiable",
    ],
    ["one of the nodes would do", { cpus: 0.7 }, nodes(aNode(), aNode({ cpus: 0.1 })), "noOffersYet"],
  ])("when %s", (_name, run, known, code) => {
    const world = waiting(run);
    const told = why(world, known);
    expect(told).toMatchObject({ kind: "job", status: "waiting", isAsWished: false, reasons: [{ code }] });
    expect(world.core.queries.ownJobs({}, { now: world.now, known, nodesMax: 0 }).items).toMatchObject([
      { id: "job", status: "waiting", activeCount: 1, reason: { code, nodes: [] } },
    ]);
    expect(world.problems()).toEqual([]);
  });

  it("is told with the numbers of each node", () => {
    const [reason] = why(waiting(large), nodes(aNode()))?.reasons ?? [];
    expect(reason?.nodes).toMatchObject([
      { hostname: "one", short: [{ name: "cpus", wanted: 2, free: 1, missing: 1 }], at: 5 },
    ]);
  });

  it("is the lost connection when there is one", () => {
    const world = waiting(large);
    world.master.disconnect();
    world.drain();
    expect(why(world, nodes(aNode()))?.reasons[0]?.code).toBe("kernelUnreachable");
  });
});

describe("what starts a job", () => {
  it.each([
    ["a person", {}, "startedByHand"],
    ["its schedule", { schedules: [{ id: "s", cron: "0 3 * * *" }] }, "jobScheduled"],
    [
      "nothing while its schedule is off",
      { schedules: [{ id: "s", cron: "0 3 * * *", enabled: false }] },
      "scheduleDisabled",
    ],
    ["nothing once its years are over", { schedules: [{ id: "s", cron: "0 0 1 1 * 1970" }] }, "scheduleOver"],
  ])("is %s", (_name, body, code) => {
    const world = World.started();
    world.create(body);
    const told = why(world);
    expect(told).toMatchObject({ isAsWished: true, reasons: [{ code }] });
    expect(told?.nextRunAt !== undefined).toBe(code === "jobScheduled");
  });

  it("is the run under way where its schedule starts none beside it, and then the next time", () => {
    const world = World.started();
    world.create({ schedules: [{ id: "s", cron: "0 3 * * *", concurrencyPolicy: "FORBID" }] });
    const { id } = world.start("job");
    world.live(second);
    expect(why(world)).toMatchObject({
      isAsWished: true,
      status: "running",
      reasons: [{ code: "waitsForRun", parameters: { run: id, schedule: "s" }, commands: ["job stop job"] }],
    });
    world.end("job", "TASK_FINISHED");
    expect(why(world)?.reasons).toMatchObject([{ code: "jobScheduled" }]);
  });

  it("is the jobs before it, of which those are named that have not succeeded anew", () => {
    const world = World.started();
    world.create({ id: "a" });
    world.create({ id: "b" });
    world.create({ id: "c", dependencies: [{ id: "a" }, { id: "b" }] });
    expect(why(world, undefined, "c")?.reasons).toMatchObject([
      { code: "waitsForJobs", parameters: { jobs: "a, b" } },
    ]);
    world.start("a");
    world.live(second);
    world.end("a", "TASK_FINISHED");
    expect(why(world, undefined, "c")?.reasons).toMatchObject([
      { code: "waitsForJobs", parameters: { jobs: "b" } },
    ]);
  });
});

describe("runs", () => {
  it("are listed newest first, ended ones when they are asked for, with what started and ended them", () => {
    const world = World.started();
    world.create({});
    const first = world.start("job").id;
    world.live(second);
    world.end("job", "TASK_FAILED");
    const next = world.start("job").id;
    world.live(second);
    const options = { now: world.now, known: undefined, nodesMax: 0 };
    const list = (query: object) => world.core.queries.ownRuns(query, options);
    expect(list({ job: "job" })?.items).toMatchObject([{ id: next, status: "ACTIVE", trigger: "person" }]);
    expect(list({ ended: true })).toMatchObject({
      total: 2,
      items: [{ id: next }, { id: first, status: "FAILED", reason: { code: expect.any(String) } }],
    });
    expect(list({ ended: true, filter: "status:FAILED" })?.total).toBe(1);
    expect(list({ job: "nobody" })).toBeUndefined();
    expect(list({ job: "job", sees: () => false })).toBeUndefined();
    expect(why(world, undefined, first)).toMatchObject({ kind: "run", job: "job", isAsWished: false });
    expect(why(world, undefined, next)).toMatchObject({ kind: "run", isAsWished: true, reasons: [] });
  });

  it("say how much of their image is there, as long as it comes", () => {
    const world = World.started();
    world.create({ run: { docker: { image: "shop/web:1" } } });
    world.create({ id: "plain" });
    const { id } = world.start("job");
    world.start("plain");
    world.settle();
    const [task] = world.alive("job");
    if (task === undefined) throw new Error("nothing was launched");
    expect(world.core.queries.agentsPulling()).toEqual([task.agentId]);
    const pull: ImagePullItem = {
      taskId: task.id,
      frameworkId: "f",
      containerId: "c",
      image: "shop/web:1",
      phase: "fetching",
      doneBytes: 2_097_152,
    };
    const options = { now: world.now, known: undefined, nodesMax: 0, pulls: new Map([[task.id, pull]]) };
    const pulling = { code: "pullingImage", parameters: { image: "shop/web:1", done: 2, total: 0 } };
    for (const name of ["job", id])
      expect(world.core.queries.explain(name, options)).toMatchObject({
        isAsWished: false,
        reasons: [pulling],
      });
    expect(world.core.queries.ownRuns({ job: "job" }, options)?.items).toMatchObject([{ reason: pulling }]);
    expect(world.core.queries.explain("plain", options)).toMatchObject({ isAsWished: true });
    world.live(second);
    // It runs: what an agent said before counts for nothing.
    expect(world.core.queries.agentsPulling()).toEqual([]);
    expect(world.core.queries.explain(id, options)).toMatchObject({ isAsWished: true, reasons: [] });
  });

  it("that were stopped, or found no place in time, say so", () => {
    const world = World.started({ agents: 1, cpusEach: 0.5 });
    const schedules = [{ id: "s", cron: "* * * * *", startingDeadlineSeconds: 5 }];
    world.create({ schedules });
    world.live(130 * second);
    expect(why(world)?.reasons[0]).toMatchObject({
      code: "startingDeadlinePassed",
      parameters: { seconds: 5 },
    });
    const runId = world.start("job").id;
    world.answer((request) => ({ kind: "stopRun", request, jobId: "job", runId }));
    expect(why(world, undefined, runId)?.reasons).toMatchObject([{ code: "runStopped" }]);
  });
});

describe("the list of jobs", () => {
  it("is filtered by status and words, and sorted", () => {
    const world = World.started();
    world.create({ id: "b", labels: { team: "shop" } });
    world.create({ id: "a", schedules: [{ id: "s", cron: "0 3 * * *" }] });
    const ids = (query: object): readonly string[] =>
      world.core.queries
        .ownJobs(query, { now: world.now, known: undefined, nodesMax: 0 })
        .items.map(({ id }) => id);
    expect(ids({})).toEqual(["a", "b"]);
    expect(ids({ sort: "-id" })).toEqual(["b", "a"]);
    expect(ids({ filter: "status:scheduled" })).toEqual(["a"]);
    expect(ids({ filter: "label:team=shop" })).toEqual(["b"]);
    expect(ids({ sees: (id: string) => id === "b" })).toEqual(["b"]);
  });
});

describe("a plan", () => {
  const plan = (world: World, body: object, known?: KnownNodes) => {
    const { definition, schedules } = aJob(body);
    const found = world.core.queries.plan([{ job: definition, schedules }], {
      now: world.now,
      known,
      nodesMax: 10,
    });
    expect(world.problems()).toEqual([]);
    return "code" in found ? found : found[0];
  };
  const timesOf = (found: ReturnType<typeof plan>): readonly string[] =>
    found !== undefined && "nextRuns" in found ? found.nextRuns.map((at) => new Date(at).toISOString()) : [];
  const nightly = { schedules: [{ id: "s", cron: "0 3 * * *", timezone: "Asia/Kathmandu" }] };

  it("of a new job says when and where it would run, and makes nothing", () => {
    const world = World.started();
    const found = plan(world, nightly, nodes(aNode(), aNode({ rack: "r2", cpus: 0.1 })));
    expect(found).toMatchObject({
      id: "job",
      effect: "create",
      changes: [],
      activeCount: 0,
      nodes: [{ agentId: "a1", hostname: "one" }],
      nodesCount: 1,
    });
    expect(timesOf(found)).toEqual(
      ["15", "16", "17", "18", "19"].map((day) => `2023-11-${day}T21:15:00.000Z`),
    );
    expect(world.core.queries.listJobs()).toEqual([]);
  });

  it("of a job that is there names what changes, and nothing when nothing does", () => {
    const world = World.started();
    world.create(nightly);
    world.start("job");
    expect(plan(world, nightly)).toMatchObject({ effect: "unchanged", changes: [], activeCount: 1 });
    expect(plan(world, { run: { mem: 64 } })).toMatchObject({
      effect: "change",
      changes: [
        { path: "/run/mem", before: 32, after: 64 },
        { path: "/schedules/0", before: expect.anything() },
      ],
      nextRuns: [],
    });
  });

  it("names what the first runs after a change are: none within its first minute", () => {
    const world = World.started();
    world.create({ schedules: [{ id: "s", cron: "* * * * *" }] });
    const [shown] = world.core.queries.job("job", world.now)?.schedules ?? [];
    const found = plan(world, { schedules: [{ id: "s", cron: "* * * * *" }] });
    expect(timesOf(found)[0]).toBe(shown?.nextRunAt?.replace("+0000", "Z"));
    const off = plan(world, { schedules: [{ id: "s", cron: "* * * * *", enabled: false }] });
    expect(off).toMatchObject({ effect: "change", nextRuns: [] });
  });

  it("says what a run would wait for", () => {
    const world = World.started();
    expect(plan(world, { run: { cpus: 2 } }, nodes(aNode()))).toMatchObject({
      nodes: [],
      nodesCount: 0,
      reason: { code: "insufficientResources" },
    });
    expect(plan(world, {})).not.toHaveProperty("reason");
  });

  it("is refused as the change itself would be", () => {
    const world = World.started();
    expect(plan(world, { dependencies: [{ id: "nobody" }] })).toMatchObject({ code: "DependenciesInvalid" });
    const both = [aJob({ id: "b", dependencies: [{ id: "a" }] }), aJob({ id: "a" })].map(
      ({ definition, schedules }) => ({ job: definition, schedules }),
    );
    expect(world.core.queries.plan(both, { now: world.now, known: undefined, nodesMax: 0 })).toMatchObject([
      { id: "b" },
      { id: "a" },
    ]);
  });
});
