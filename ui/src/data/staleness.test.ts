import { describe, expect, it } from "vitest";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { staleAfter } from "./staleness.ts";

const anEvent = (given: Partial<ClusterEvent>): ClusterEvent => ({
  id: "1",
  at: 0,
  kind: "task",
  change: "changed",
  object: "x",
  ...given,
});
const nouns = (event: ClusterEvent): readonly string[] | undefined =>
  staleAfter(event)?.map((prefix) => prefix.join(" "));

describe("what an event makes old", () => {
  it("reads everything again after a reset, and after a kind of a newer door", () => {
    expect(staleAfter(anEvent({ kind: "reset" }))).toBeUndefined();
    expect(staleAfter(anEvent({ kind: "volume" as "task" }))).toBeUndefined();
  });

  it("of a task: tasks, what they fill, and its service alone", () => {
    const found = nouns(anEvent({ kind: "task", object: "t1", service: "/web" }));
    expect(found).toEqual(
      expect.arrayContaining(["tasks", "task t1", "capacity", "nodes", "services", "service /web"]),
    );
    expect(found).not.toContain("audit");
  });

  it("of a job: that job alone, the lists and who changed it", () => {
    expect(nouns(anEvent({ kind: "job", object: "backup" }))).toEqual(["jobs", "job backup", "audit"]);
  });

  it("of a node: no services, and jobs, which may wait for one", () => {
    expect(nouns(anEvent({ kind: "node", object: "n1" }))).toEqual([
      "nodes",
      "node n1",
      "capacity",
      "jobs",
      "job",
    ]);
  });
});
