import { describe, expect, it } from "vitest";
import { aJob, World } from "./testing/world.ts";

const second = 1_000;
const shownRun = (world: World, jobId = "job") => world.core.queries.activeRuns(jobId)[0];

describe("a run", () => {
  it("is STARTING until something is heard of its task, then ACTIVE, then over", () => {
    const world = World.started();
    world.create({});
    expect(world.start("job")).toMatchObject({ status: "INITIAL", tasks: [] });
    expect(shownRun(world)).toMatchObject({ status: "STARTING", tasks: [] });
    world.pass(second);
    expect(shownRun(world)).toMatchObject({ status: "STARTING", tasks: [{ status: "TASK_CREATED" }] });
    world.settle();
    expect(shownRun(world)).toMatchObject({ status: "ACTIVE", tasks: [{ status: "TASK_RUNNING" }] });
    world.end("job", "TASK_FINISHED");
    expect(world.core.queries.activeRuns("job")).toEqual([]);
    expect(world.history("job")).toEqual([1, 0]);
    expect(world.problems()).toEqual([]);
  });

  it.each(["TASK_FAILED", "TASK_KILLED", "TASK_ERROR"] as const)("fails with %s", (state) => {
    const world = World.started();
    world.create({});
    world.start("job");
    world.live(second);
    world.end("job", state);
    expect(world.history("job")).toEqual([0, 1]);
    world.live(5 * second);
    expect(world.master.tasks.size).toBe(1);
  });

  it.each(["TASK_FAILED", "TASK_KILLED"] as const)("is tried again after %s when it may go on", (state) => {
    const world = World.started();
    world.create({ run: { restart: { policy: "ON_FAILURE" } } });
    const { id } = world.start("job");
    world.live(second);
    world.end("job", state);
    expect(shownRun(world)).toMatchObject({ id, status: "STARTING" });
    world.live(second);
    world.end("job", "TASK_FINISHED");
    expect(world.history("job")).toEqual([1, 0]);
    expect(world.core.queries.history("job").successfulFinishedRuns[0]?.tasks).toHaveLength(2);
  });

  it("is not tried again once its time to be active is over", () => {
    const world = World.started();
    world.create({ run: { restart: { policy: "ON_FAILURE", activeDeadlineSeconds: 10 } } });
    world.start("job");
    world.live(5 * second);
    world.end("job", "TASK_FAILED");
    world.live(6 * second);
    world.end("job", "TASK_FAILED");
    expect(world.history("job")).toEqual([0, 1]);
    expect(world.master.tasks.size).toBe(2);
  });

  it("keeps the definition it was made with", () => {
    const world = World.started({ cpusEach: 2 });
    world.create({ run: { cmd: "old", cpus: 4 } });
    world.start("job");
    const { definition } = aJob({ run: { cmd: "new", cpus: 1 } });
    world.answer((request) => ({ kind: "replaceJob", request, definition }));
    world.start("job");
    world.live(10 * second);
    expect(world.alive("job").map(({ info }) => info.command?.value)).toEqual(["new"]);
    expect(world.core.queries.waiting()).toHaveLength(1);
  });

  it("that is stopped is over at once, and its task is killed until it is gone", () => {
    const world = World.started();
    world.create({});
    const { id: runId } = world.start("job");
    world.live(second);
    world.callsToLose = 1;
    const answer = world.answer((request) => ({ kind: "stopRun", request, jobId: "job", runId }));
    expect(answer).toMatchObject({ kind: "run", run: { id: runId, status: "FAILED" } });
    expect(world.history("job")).toEqual([0, 1]);
    expect(world.alive("job")).toHaveLength(1);
    world.live(60 * second);
    expect(world.alive("job")).toEqual([]);
    expect(world.core.queries.run("job", runId)).toMatchObject({
      cause: "stopped",
      tasks: [{ state: "TASK_KILLED" }],
    });
  });

  it("that is stopped right before a crash leaves no task behind", () => {
    const world = World.started();
    world.create({});
    const { id: runId } = world.start("job");
    world.live(second);
    world.losesNextEffects = true;
    world.ask((request) => ({ kind: "stopRun", request, jobId: "job", runId }));
    world.live(60 * second);
    expect(world.alive("job")).toEqual([]);
    expect(world.history("job")).toEqual([0, 1]);
  });

  it("whose agent can't be reached has failed, and what comes back of it is killed", () => {
    const world = World.started({ agents: 1 });
    world.create({});
    world.start("job");
    world.live(second);
    const [agent] = world.master.agents;
    if (agent === undefined) throw new Error("no agent");
    world.master.loseAgent(agent);
    world.drain();
    expect(world.history("job")).toEqual([0, 1]);
    world.master.returnAgent(agent);
    world.live(5 * second);
    expect(world.alive("job")).toEqual([]);
  });

  it("whose launch was lost is launched once more, and has one task", () => {
    const world = World.started();
    world.create({});
    world.start("job");
    world.losesNextEffects = true; // the step that accepts the offer
    world.live(30 * second);
    expect(world.alive("job")).toHaveLength(1);
    world.end("job", "TASK_FINISHED");
    expect(world.core.queries.history("job")).toMatchObject({
      successCount: 1,
      failureCount: 0,
      successfulFinishedRuns: [{ tasks: [expect.any(String)] }],
    });
  });

  it("whose task never runs is killed after five minutes, and fails", () => {
    const world = World.started();
    world.create({});
    world.start("job");
    world.pass(second);
    expect(world.master.alive()).toHaveLength(1);
    world.pass(299 * second);
    expect(world.master.alive()).toHaveLength(1);
    // Reconciliation tells that it is staging, which begins the second five minutes.
    world.pass(20 * second);
    expect(world.master.alive()).toEqual([]);
    expect(world.history("job")).toEqual([0, 1]);
  });

  it("tells its task where and what it is", () => {
    const world = World.started();
    world.create({
      id: "shop.nightly",
      labels: { team: "a b" },
      run: {
        cmd: "work",
        user: "nobody",
        env: { HOST: "mine", A: "1" },
        artifacts: [{ uri: "http://x/y.tgz", extract: false }],
        taskKillGracePeriodSeconds: 3,
      },
    });
    const { id } = world.start("shop.nightly");
    world.live(second);
    const info = world.alive("shop.nightly")[0]?.info;
    expect(info).toMatchObject({
      name: `${id}.nightly.shop`,
      labels: { labels: [{ key: "team", value: "a b" }] },
      kill_policy: { grace_period: { nanoseconds: 3_000_000_000 } },
      command: {
        shell: true,
        value: "work",
        user: "nobody",
        uris: [{ value: "http://x/y.tgz", extract: false, executable: false, cache: false }],
      },
    });
    const variables = new Map(
      (info?.command?.environment?.variables ?? []).map(({ name, value }) => [name, value]),
    );
    expect(Object.fromEntries(variables)).toMatchObject({
      MESOS_TASK_ID: info?.task_id.value,
      MARATHON_APP_ID: `/shop/nightly/${id}`,
      MARATHON_APP_LABELS: "TEAM",
      MARATHON_APP_LABEL_TEAM: "a b",
      HOST: "mine",
      A: "1",
    });
    expect([...variables.keys()].filter((name) => name.startsWith("PORT"))).toEqual([]);
  });
});

describe("many runs", () => {
  it("are placed as far as there is room, oldest first, and none waits behind one that fits nowhere", () => {
    const world = World.started({ agents: 2, cpusEach: 4 });
    world.create({ id: "huge", run: { cpus: 100 } });
    world.create({ id: "small" });
    for (let count = 0; count < 20; count += 1) world.start("huge");
    for (let count = 0; count < 20; count += 1) world.start("small");
    world.live(5 * second);
    expect(world.alive("small")).toHaveLength(8);
    for (let round = 0; round < 3; round += 1) {
      world.end("small", "TASK_FINISHED");
      world.live(10 * second);
    }
    expect(world.history("small")).toEqual([20, 0]);
    expect(world.core.queries.waiting()).toHaveLength(20);
    expect(world.problems()).toEqual([]);
  });

  it("more than may be under way are refused", () => {
    const world = World.started({ policy: { maxActiveRuns: 2 } });
    world.create({});
    world.start("job");
    world.start("job");
    const answer = world.answer((request) => ({ kind: "startRun", request, jobId: "job" }));
    expect(answer).toMatchObject({ kind: "refused", refusal: { code: "TooManyRuns" } });
  });

  it("leave the last of each kind in the history, and their counts", () => {
    const world = World.started({ policy: { historyCount: 3 } });
    world.create({});
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      ids.push(world.start("job").id);
      world.live(second);
      world.end("job", "TASK_FINISHED");
      world.live(second);
    }
    world.crash();
    world.drain();
    const history = world.core.queries.history("job");
    expect(history.successCount).toBe(5);
    expect(history.successfulFinishedRuns.map(({ id }) => id)).toEqual(ids.slice(2).reverse());
    expect([...world.store.keys()].filter((key) => key.startsWith("ended-runs/"))).toHaveLength(3);
  });
});

describe("placement", () => {
  it("holds a run back until an agent has what it asks for", () => {
    const world = World.started();
    const constraints = [{ attribute: "hostname", operator: "LIKE", value: "agent-2.*" }];
    world.create({ run: { placement: { constraints } } });
    world.start("job");
    world.live(second);
    expect(world.alive("job").map(({ agentId }) => agentId)).toEqual(["agent-2"]);
  });

  it("is not bound by a constraint without a value", () => {
    const world = World.started();
    world.create({ run: { placement: { constraints: [{ attribute: "rack", operator: "IS" }] } } });
    world.start("job");
    world.live(second);
    expect(world.alive("job")).toHaveLength(1);
  });
});
