/** The core under random faults: no run is lost, none is launched twice, and when faults stop all of them end. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseTaskId } from "./ids.ts";
import { aJob, World } from "./testing/world.ts";

type Deed =
  | { readonly kind: "deliver"; readonly count: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "startTasks" | "allocate" | "retry" | "reconnect" | "crash" | "crashBeforeEffects" }
  | {
      readonly kind: "endTask";
      readonly which: number;
      readonly state: "TASK_FAILED" | "TASK_FINISHED" | "TASK_KILLED";
    }
  | { readonly kind: "loseAgent" | "returnAgent" | "stop"; readonly which: number }
  | { readonly kind: "loseEvents" | "loseCalls"; readonly count: number }
  | { readonly kind: "start" | "replace" | "remove"; readonly job: number };

const small = fc.integer({ min: 0, max: 9 });
const of = <Kind extends Deed["kind"]>(...kinds: readonly Kind[]): fc.Arbitrary<{ kind: Kind }> =>
  fc.constantFrom(...kinds.map((kind) => ({ kind })));

const aDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("deliver" as const), count: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(1, 50, 1_000, 6_000, 40_000, 61_000),
    }),
  },
  { weight: 9, arbitrary: of("startTasks", "allocate", "retry") as fc.Arbitrary<Deed> },
  { weight: 3, arbitrary: of("reconnect", "crash", "crashBeforeEffects") as fc.Arbitrary<Deed> },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("endTask" as const),
      which: small,
      state: fc.constantFrom("TASK_FAILED" as const, "TASK_FINISHED" as const, "TASK_KILLED" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("loseAgent" as const, "returnAgent" as const, "stop" as const),
      which: small,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("loseEvents" as const, "loseCalls" as const),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("start" as const, "start" as const, "replace" as const, "remove" as const),
      job: fc.integer({ min: 0, max: 3 }),
    }),
  },
);

const jobIds = ["once", "again", "after", "often"] as const;
const bodies = [
  { id: "once" },
  { id: "again", run: { restart: { policy: "ON_FAILURE" } } },
  { id: "after", dependencies: [{ id: "once" }, { id: "again" }] },
  { id: "often", schedules: [{ id: "often", cron: "* * * * *", concurrencyPolicy: "FORBID" }] },
];

/** Runs whose jobs were not deleted since, by job. */
class Ledger {
  readonly accepted = new Map<string, Set<string>>();
  readonly began = new Map<string, Set<string>>();
  accept(jobId: string, runId: string): void {
    const ids = this.accepted.get(jobId) ?? new Set<string>();
    this.accepted.set(jobId, ids.add(runId));
  }

  /** Which tasks of each run have really run. */
  note(world: World): void {
    for (const task of world.master.tasks.values()) {
      const parsed = parseTaskId(task.id);
      if (task.state === "launching" || parsed === undefined) continue;
      const key = `${parsed.jobId}/${parsed.runId}`;
      this.began.set(key, (this.began.get(key) ?? new Set<string>()).add(task.id));
    }
  }
}

function perform(world: World, deed: Deed, ledger: Ledger): void {
  const { master } = world;
  const jobId = "job" in deed ? (jobIds[deed.job] ?? "once") : "once";
  switch (deed.kind) {
    case "deliver":
      for (let count = 0; count < deed.count; count += 1) world.deliver();
      return;
    case "pass":
      return world.pass(deed.ms);
    case "startTasks":
      for (const task of [...master.tasks.values()]) master.startTask(task);
      return;
    case "allocate":
      return master.allocate();
    case "retry":
      return master.retryUpdates();
    case "endTask": {
      const alive = master.alive().filter(({ state }) => state === "running");
      const task = alive[deed.which % Math.max(alive.length, 1)];
      if (task !== undefined) master.endTask(task, deed.state);
      return;
    }
    case "loseAgent":
    case "returnAgent": {
      const agent = master.agents[deed.which % master.agents.length];
      if (agent !== undefined) master[deed.kind](agent);
      return;
    }
    case "loseEvents":
      // Updates come again; offers are as if rescinded.
      master.outbox.splice(0, deed.count);
      return;
    case "loseCalls":
      world.callsToLose = deed.count;
      return;
    case "reconnect":
      master.disconnect();
      return master.connect();
    case "crash":
      return world.crash();
    case "crashBeforeEffects":
      world.losesNextEffects = true;
      return;
    case "start": {
      const request = world.ask((number) => ({ kind: "startRun", request: number, jobId }));
      const answer = world.replies.get(request);
      if (answer?.kind === "run") ledger.accept(jobId, answer.run.id);
      return;
    }
    case "stop": {
      const runs = jobIds.flatMap((id) => world.core.queries.activeRuns(id));
      const run = runs[deed.which % Math.max(runs.length, 1)];
      if (run === undefined) return;
      world.ask((request) => ({ kind: "stopRun", request, jobId: run.jobId, runId: run.id }));
      return;
    }
    case "replace": {
      const body = bodies[deed.job];
      if (body === undefined) return;
      const { definition, schedules } = aJob({ ...body, description: String(world.now) });
      if (world.core.queries.definition(jobId) === undefined)
        world.ask((request) => ({ kind: "createJob", request, definition, schedules }));
      else world.ask((request) => ({ kind: "replaceJob", request, definition, schedules }));
      return;
    }
    case "remove":
      world.ask((request) => ({ kind: "deleteJob", request, jobId, stopsRuns: true }));
      if (world.core.queries.definition(jobId) === undefined) ledger.accepted.delete(jobId);
      return;
  }
}

/** The subscription and its answers are there again, agents too, and everything that runs ends well. */
function heal(world: World): void {
  world.callsToLose = 0;
  world.losesNextEffects = false;
  for (const agent of world.master.agents) world.master.returnAgent(agent);
  world.master.disconnect();
  world.master.connect();
  for (let round = 0; round < 40; round += 1) {
    world.live(5_000);
    for (const task of world.master.alive()) world.master.endTask(task, "TASK_FINISHED");
  }
  world.live(60_000);
}

it("no run is lost and none that may run once runs twice, whatever happens; then all of them end", () => {
  fc.assert(
    fc.property(
      fc.array(aDeed, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 1, max: 1_000 }),
      (deeds, seed) => {
        const world = World.started({ agents: 3, cpusEach: 3, seed });
        const ledger = new Ledger();
        for (const body of bodies) world.create(body);
        for (const deed of deeds) {
          perform(world, deed, ledger);
          ledger.note(world);
          expect(world.problems()).toEqual([]);
          for (const [jobId, runIds] of ledger.accepted) {
            for (const runId of runIds) expect(world.core.queries.run(jobId, runId)).toBeDefined();
          }
        }
        heal(world);
        ledger.note(world);
        expect(world.problems()).toEqual([]);
        expect(world.core.queries.waiting()).toEqual([]);
        for (const jobId of ["once", "again", "after"])
          expect(world.core.queries.activeRuns(jobId)).toEqual([]);
        for (const [key, taskIds] of ledger.began) {
          if (!key.startsWith("again/")) expect([key, taskIds.size]).toEqual([key, 1]);
        }
        for (const [jobId, runIds] of ledger.accepted) {
          const ended = world.core.queries.runs(jobId).map(({ id }) => id);
          expect(ended).toEqual(expect.arrayContaining([...runIds]));
          expect(new Set(ended).size).toBe(ended.length);
        }
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
