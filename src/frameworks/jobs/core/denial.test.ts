/** A40: who asks for more than there will ever be is refused with what is allowed, and leaves nothing behind. */
import { describe, expect, it } from "vitest";
import { aJob, World } from "./testing/world.ts";

/** The definitions are alike but for their names: they are parsed once. */
const { definition } = aJob({ run: { cpus: 1_000 } });
const yearly = aJob({ schedules: [{ id: "yearly", cron: "0 0 1 1 *" }] }).schedules;

describe("reliability.md§5#A40 a client that wants", () => {
  it("more jobs, each with a schedule, than there may be is refused the rest", () => {
    const max = 500;
    const world = World.started({ policy: { maxJobs: max } });
    const create = (index: number) =>
      world.answer((request) => ({
        kind: "createJob",
        request,
        definition: { ...definition, id: `job-${index}` },
        schedules: yearly,
      }));
    for (let index = 0; index < max; index += 1) expect(create(index).kind).toBe("job");
    const refused = { kind: "refused", refusal: { code: "TooManyJobs", max } };
    const before = JSON.stringify(world.core.snapshot()).length;
    for (let index = max; index < max + 100; index += 1) expect(create(index)).toEqual(refused);
    expect(JSON.stringify(world.core.snapshot())).toHaveLength(before);
  });

  it("more runs than may be under way is refused the rest", () => {
    const max = 200;
    const world = World.started({ policy: { maxActiveRuns: max } });
    world.answer((request) => ({ kind: "createJob", request, definition, schedules: [] }));
    const start = () => world.answer((request) => ({ kind: "startRun", request, jobId: definition.id }));
    for (let index = 0; index < max; index += 1) expect(start().kind).toBe("run");
    for (let index = 0; index < 9 * max; index += 1)
      expect(start()).toEqual({ kind: "refused", refusal: { code: "TooManyRuns", max } });
    expect(world.core.queries.activeRuns(definition.id)).toHaveLength(max);
  });
});
