import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { readSource, translate } from "./index.ts";

const move = (content: JsonValue) =>
  translate(readSource([{ name: "jobs.json", content }]), { role: "slave_public" });

describe("jobs", () => {
  const run = { cmd: "true", cpus: 0.1, mem: 32, disk: 0 };
  const job = (id: string, ...parents: readonly string[]) => ({
    id,
    run,
    dependencies: parents.map((parent) => ({ id: parent })),
  });

  it("with a schedule that is on fire in both places, and that is said", () => {
    const schedule = { id: "nightly", cron: "0 3 * * *" };
    const { findings } = move([
      { ...job("on"), schedules: [schedule] },
      { ...job("off"), schedules: [{ ...schedule, enabled: false }] },
    ]);
    expect(findings).toEqual([{ kind: "job", id: "on", code: "firesTwice", field: "/schedules(0)" }]);
  });

  it("come parents first, without what their history says", () => {
    const migration = move([
      job("c", "b"),
      { ...job("b", "a"), historySummary: { successCount: 3 } },
      {
        ...job("a"),
        schedules: [
          { id: "nightly", cron: "0 3 * * *", enabled: false, nextRunAt: "2026-01-01T03:00:00.000+0000" },
        ],
        activeRuns: [],
      },
    ]);
    expect(migration.findings).toEqual([]);
    expect(migration.jobs.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(migration.jobs[0]?.body["schedules"]).toEqual([
      { id: "nightly", cron: "0 3 * * *", enabled: false },
    ]);
  });

  it("that can't be had take those that wait for them along", () => {
    const image = {
      ...job("b", "a"),
      run: { ...run, docker: { image: "x", parameters: [{ key: "init", value: "true" }] } },
    };
    const migration = move([job("a"), image, job("c", "b"), job("d", "c")]);
    expect(migration.jobs.map(({ id }) => id)).toEqual(["a"]);
    expect(migration.findings).toEqual([
      expect.objectContaining({ id: "b", code: "refused", field: "/run/docker/parameters(0)/key" }),
      expect.objectContaining({ id: "c", code: "parentRefused", was: ["b"] }),
      expect.objectContaining({ id: "d", code: "parentRefused", was: ["c"] }),
    ]);
  });
});
