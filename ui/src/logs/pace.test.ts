import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logSources, sourcesMax } from "./log-sources.ts";
import { nextPause } from "./pace.ts";

describe("the pace of readings", () => {
  it("is quick for one that speaks and slows down for one that is silent", () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 7].reduce<number[]>(
      (all) => [...all, nextPause(all.at(-1) ?? 0, { hadLines: false, streams: 2 })],
      [],
    );
    expect(pauses[0]).toBe(400);
    expect(pauses.at(-1)).toBe(3_000);
    expect(nextPause(3_000, { hadLines: true, streams: 2 })).toBe(400);
  });

  it("never makes more than twenty readings a second together", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.boolean(),
        fc.nat(5_000),
        (streams, hadLines, before) => {
          expect((streams * 1_000) / nextPause(before, { hadLines, streams })).toBeLessThanOrEqual(
            streams <= 8 ? 20 : 20.001,
          );
        },
      ),
    );
  });
});

describe("the instances whose logs are read", () => {
  const instance = (id: string, isActive: boolean, startedAt: number) => ({
    id,
    service: "/a",
    condition: "Running",
    goal: "Running",
    isActive,
    ports: [],
    version: "v",
    agentId: "g",
    taskId: `t${id}`,
    startedAt,
  });

  it("are those that run and the newest that ended, oldest first", () => {
    const many = Array.from({ length: 60 }, (_item, index) => instance(String(index), index === 0, index));
    const sources = logSources(many, ({ id }) => id);
    expect(sources).toHaveLength(sourcesMax);
    expect([sources[0]?.name, sources[1]?.name, sources.at(-1)?.name]).toEqual(["0", "11", "59"]);
    expect(sources[0]?.isEnded).toBe(false);
  });

  it("leave out what was never placed", () => {
    const { agentId: _agentId, ...unplaced } = instance("1", true, 1);
    expect(logSources([unplaced], ({ id }) => id)).toEqual([]);
  });
});
