import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { firstTimestamp, noStatuses, packStatuses, unpackStatuses, withStatus } from "./status-history.ts";

const owner = { taskId: "web.1", agentId: "m-S0" };
const aStatus = (more: Partial<TaskStatus> = {}): TaskStatus => ({
  task_id: { value: owner.taskId },
  agent_id: { value: owner.agentId },
  state: "TASK_RUNNING",
  ...more,
});
const usual = aStatus({
  source: "SOURCE_EXECUTOR",
  executor_id: { value: owner.taskId },
  timestamp: 1_700_000_000.123,
  uuid: "AAAAAAAAAAAAAAAAAAAAAA==",
  container_status: {
    container_id: { value: "0c9f7a1e-7d2c-4c55-a2a2-6b1d0f4f3e11" },
    network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "127.0.0.1" }] }],
  },
});

describe("packed statuses", () => {
  it("come back as they were, without their data", () => {
    const told = aStatus({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      message: "too much",
      healthy: false,
      labels: { labels: [{ key: "a", value: "b" }] },
      executor_id: { value: "another" },
      container_status: { container_id: { value: "c", parent: { value: "p" } } },
    });
    const packed = packStatuses([usual, { ...told, data: "c2VjcmV0" }], owner);
    const { uuid: _acknowledged, ...first } = usual;
    expect(unpackStatuses(packed, owner)).toEqual([first, told]);
    expect(packed).not.toContain("c2VjcmV0");
  });

  it("give nothing for a task of which nothing was told", () => {
    expect(unpackStatuses(noStatuses, owner)).toEqual([]);
    expect(packStatuses([], owner)).toBe(noStatuses);
  });

  it("keep one of each state in a row", () => {
    const states = ["TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING", "TASK_FAILED"] as const;
    let packed = noStatuses;
    for (const [timestamp, state] of states.entries())
      packed = withStatus(packed, owner, aStatus({ state, timestamp }));
    expect(unpackStatuses(packed, owner).map(({ state, timestamp }) => [state, timestamp])).toEqual([
      ["TASK_STARTING", 0],
      ["TASK_RUNNING", 2],
      ["TASK_FAILED", 3],
    ]);
  });

  it("weigh little for a usual task", () => {
    const starting = { ...usual, state: "TASK_STARTING" as const };
    expect(packStatuses([starting, usual], owner).length).toBeLessThan(240);
  });

  it("come back whatever they were", () => {
    const some = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
      fc.option(arbitrary, { nil: undefined });
    const address = fc.record({ protocol: fc.constantFrom("IPv4", "IPv6"), ip_address: fc.string() });
    const status = fc.record({
      state: fc.constantFrom("TASK_STARTING", "TASK_RUNNING", "TASK_LOST"),
      timestamp: some(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
      source: some(fc.constantFrom("SOURCE_MASTER", "SOURCE_AGENT")),
      reason: some(fc.constantFrom("REASON_RECONCILIATION", "REASON_TASK_INVALID")),
      message: some(fc.string()),
      healthy: some(fc.boolean()),
      executor: some(fc.constantFrom(owner.taskId, "", "x")),
      container: some(
        fc.record({
          container_id: fc.record({ value: fc.string() }),
          network_infos: fc.array(fc.record({ ip_addresses: fc.array(address) })),
        }),
      ),
    });
    fc.assert(
      fc.property(fc.array(status, { maxLength: 4 }), (drawn) => {
        const statuses = drawn.map(({ executor, container, ...more }) => {
          const given = { ...more, executor_id: executor === undefined ? undefined : { value: executor } };
          return JSON.parse(JSON.stringify(aStatus({ ...given, container_status: container } as never)));
        });
        const packed = packStatuses(statuses, owner);
        expect(unpackStatuses(packed, owner)).toEqual(statuses);
        expect(firstTimestamp(packed)).toBe(statuses[0]?.timestamp);
      }),
    );
  });
});
