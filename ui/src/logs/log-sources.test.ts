import { describe, expect, it } from "vitest";
import { logSources, sourcesMax } from "./log-sources.ts";

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
