/** What once ended a Mesos master: each is a sequence that ours has to live through with its books in order. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Resource } from "#contracts/kernel/messages.gen.ts";
import { applyWrites } from "#foundation/runtime/index.ts";
import { aTask, MasterBench, wireResources } from "../testing.ts";
import { readRegistry } from "./registry.ts";

const multiRole = { type: "MULTI_ROLE" } as const;
let bench: MasterBench;
let agentId: string;
beforeEach(() => {
  bench = new MasterBench();
  agentId = bench.agent("10.0.0.1", "cpus:4;mem:4096;disk:1000");
});

const inOrder = (at = bench): void => expect(at.core.check()).toEqual([]);

function failOver(): MasterBench {
  const records = new Map();
  applyWrites(records, bench.writes);
  return new MasterBench({}, readRegistry(records));
}

function running(stream = "f", more: object = {}): string {
  const id = bench.framework(stream, more);
  bench.pass(0);
  bench.launch(id, stream, [aTask("t", agentId)]);
  bench.update("10.0.0.1", id, "t", "TASK_RUNNING", "u1");
  bench.acknowledge(id, agentId, "t", "u1");
  return id;
}

const reply = () => bench.effects.findLast(({ kind }) => kind === "reply");

describe("a master survives", () => {
  it.each(["its agent's word", "its agent being given up", "a teardown"])(
    "reliability.md§1#M1 MESOS-10146: a task that ends by %s while its framework is away",
    (way) => {
      const id = running();
      bench.do({ kind: "schedulerDisconnected", connection: "f" });
      if (way === "its agent's word") {
        bench.update("10.0.0.1", id, "t", "TASK_FINISHED", "u2");
        bench.do({ kind: "agentDisconnected", connection: "10.0.0.1" });
        bench.reregister("again", agentId);
      } else if (way === "a teardown") bench.do({ kind: "teardownAsked", request: 1, frameworkId: id });
      else bench.do({ kind: "agentOrdered", request: 1, agentId, order: { kind: "markGone" } });
      inOrder();
      bench.framework("f2", { id: { value: id } });
      bench.pass(2_000);
      inOrder();
      const tasks = [...(bench.core.state.frameworks.get(id)?.tasks.values() ?? [])];
      expect(tasks.filter(({ state }) => state === "TASK_RUNNING")).toEqual([]);
    },
  );

  it("reliability.md§1#M2 MESOS-10011: feedback on an operation of an agent that is not there any more", () => {
    const web = { roles: ["web"], capabilities: [multiRole, { type: "RESERVATION_REFINEMENT" as const }] };
    const id = bench.framework("f", web);
    bench.pass(0);
    const resources: readonly Resource[] = [
      {
        name: "cpus",
        type: "SCALAR",
        scalar: { value: 1 },
        reservations: [{ type: "DYNAMIC", role: "web" }],
      },
    ];
    bench.accept(id, "f", [{ type: "RESERVE", id: { value: "op" }, reserve: { resources } }]);
    const order = bench.toAgent("10.0.0.1").findLast(({ kind }) => kind === "applyOperation");
    const operationUuid = order?.kind === "applyOperation" ? order.operationUuid : "";
    expect(operationUuid).not.toBe("");
    bench.do({ kind: "agentOrdered", request: 1, agentId, order: { kind: "markGone" } });
    const acknowledge = {
      agent_id: { value: agentId },
      operation_id: { value: "op" },
      uuid: "AAAAAAAAAAAAAAAAAAAAAA==",
    };
    bench.call(id, {
      type: "ACKNOWLEDGE_OPERATION_STATUS",
      acknowledge_operation_status: acknowledge,
    });
    bench.call(id, {
      type: "RECONCILE_OPERATIONS",
      reconcile_operations: {
        operations: [{ operation_id: { value: "op" }, agent_id: { value: agentId } }],
      },
    });
    // The agent did not hear of it, and goes on talking as who it was.
    bench.do({
      kind: "agentSaid",
      connection: "10.0.0.1",
      message: {
        kind: "operationStatus",
        operationUuid,
        frameworkId: id,
        info: { type: "RESERVE", reserve: { resources } },
        status: { operation_id: { value: "op" }, state: "OPERATION_FINISHED" },
      },
    });
    inOrder();
  });

  it.each([1e12, 1e18, Number.MAX_VALUE])("reliability.md§1#M3 MESOS-10008: a quota of %d", (amount) => {
    bench.framework("f", { roles: ["r"], capabilities: [multiRole] });
    const ask = (guarantees: Readonly<Record<string, { readonly value: number }>>, force: boolean) =>
      bench.do({
        kind: "quotaAsked",
        request: 1,
        change: {
          kind: "update",
          configs: [{ role: "r", guarantees, limits: { cpus: { value: amount } } }],
          force,
        },
      });
    ask({ cpus: { value: amount } }, false);
    expect(reply()).toHaveProperty("problem");
    ask({}, false);
    bench.pass(3_000);
    inOrder();
    ask({ cpus: { value: amount } }, true);
    bench.pass(3_000);
    inOrder();
    expect(bench.offers("f").length).toBeGreaterThan(0);
  });

  it("reliability.md§1#M4 MESOS-7566: a framework, its role and its agent that go while things are allocated to it", () => {
    const id = running("f", { roles: ["a/b"], capabilities: [multiRole] });
    bench.do({
      kind: "frameworkUpdateAsked",
      request: 1,
      frameworkId: id,
      update: {
        framework_info: {
          user: "u",
          name: "f",
          id: { value: id },
          roles: ["c"],
          capabilities: [multiRole],
          checkpoint: true,
          failover_timeout: 100,
        },
      },
    });
    inOrder();
    bench.do({ kind: "agentOrdered", request: 2, agentId, order: { kind: "markGone" } });
    inOrder();
    bench.do({ kind: "teardownAsked", request: 3, frameworkId: id });
    inOrder();
    const next = bench.agent("10.0.0.2");
    bench.framework("g", { roles: ["a/b"], capabilities: [multiRole] });
    bench.pass(1_000);
    expect(bench.offers("g").map(({ agent_id }) => agent_id.value)).toEqual([next]);
    inOrder();
  });

  it("reliability.md§1#M5 MESOS-10109: an agent with a maintenance schedule that comes to a new master", () => {
    bench.do({
      kind: "maintenanceScheduleAsked",
      request: 1,
      schedule: {
        windows: [
          {
            machine_ids: [{ hostname: "10.0.0.1", ip: "10.0.0.1" }],
            unavailability: { start: { nanoseconds: 1_000_000_000 } },
          },
        ],
      },
    });
    const id = running();
    const next = failOver();
    next.framework("f", { id: { value: id } });
    next.reregister("10.0.0.1", agentId, [], [], "cpus:4;mem:4096;disk:1000", [], "10.0.0.1");
    next.pass(2_000);
    inOrder(next);
    expect(next.offers("f")[0]?.unavailability).toBeDefined();
  });

  it("reliability.md§1#M6 MESOS-10116: an agent that is taken into service again while it is away", () => {
    running();
    const order = (kind: "deactivate" | "reactivate") =>
      bench.do({ kind: "agentOrdered", request: 1, agentId, order: { kind } });
    order("deactivate");
    bench.do({ kind: "agentDisconnected", connection: "10.0.0.1" });
    order("reactivate");
    bench.pass(5_000);
    inOrder();
    bench.reregister("again", agentId);
    bench.pass(2_000);
    inOrder();
    expect(bench.core.state.agents.get(agentId)?.standing.kind).toBe("inService");
  });

  it("reliability.md§1#M7 MESOS-2842: a framework that comes back as somebody else", () => {
    const id = running("f", { principal: "one" });
    bench.do({ kind: "schedulerDisconnected", connection: "f" });
    bench.framework("g", { id: { value: id }, principal: "two" });
    expect(bench.events("g").map(({ type }) => type)).toContain("ERROR");
    inOrder();
    expect(bench.core.state.frameworks.get(id)?.info.principal).toBe("one");
  });

  it("reliability.md§1#M8 MESOS-9786: a quota that is removed twice", () => {
    bench.do({
      kind: "quotaAsked",
      request: 1,
      change: { kind: "set", request: { role: "r", guarantee: wireResources("cpus:1"), force: true } },
    });
    for (const request of [2, 3])
      bench.do({ kind: "quotaAsked", request, change: { kind: "remove", role: "r" } });
    const replies = bench.effects.flatMap((effect) => (effect.kind === "reply" ? [effect] : []));
    expect(replies.map(({ request, problem }) => [request, problem === undefined])).toEqual([
      [1, true],
      [2, true],
      [3, false],
    ]);
    inOrder();
  });

  it("reliability.md§1#M9 MESOS-9870: a role that is added and suppressed at once", () => {
    const id = bench.framework("f", { roles: ["a"], capabilities: [multiRole] });
    bench.do({
      kind: "frameworkUpdateAsked",
      request: 1,
      frameworkId: id,
      update: {
        framework_info: {
          user: "u",
          name: "f",
          id: { value: id },
          roles: ["a", "b"],
          capabilities: [multiRole],
          checkpoint: true,
          failover_timeout: 100,
        },
        suppressed_roles: ["a", "b"],
      },
    });
    bench.pass(0);
    const offer_ids = bench.offers("f").map(({ id: offer }) => offer);
    bench.call(id, { type: "DECLINE", decline: { offer_ids, filters: { refuse_seconds: 0 } } });
    bench.pass(3_000);
    inOrder();
    expect(bench.core.state.offers.size).toBe(0);
    bench.call(id, { type: "REVIVE", revive: { roles: ["b"] } });
    bench.pass(2_000);
    expect(bench.offers("f").at(-1)?.allocation_info?.role).toBe("b");
    inOrder();
  });

  it("reliability.md§1#M12 MESOS-7639: an agent that lends less than is in use", () => {
    const lent = (cpus: number) => `cpus:4;mem:4096;disk:1000${cpus === 0 ? "" : `;gpus:${cpus}`}`;
    const id = running();
    bench.pass(6_000);
    bench.do({ kind: "agentDisconnected", connection: "10.0.0.1" });
    const task = {
      name: "t",
      task_id: { value: "t" },
      framework_id: { value: id },
      agent_id: { value: agentId },
      state: "TASK_RUNNING" as const,
      resources: wireResources("cpus:1;mem:128"),
      statuses: [],
    };
    for (const resources of [lent(1), "cpus:0.5;mem:64", lent(0)]) {
      bench.reregister(`link-${resources}`, agentId, [task], [], resources);
      bench.pass(2_000);
      inOrder();
      bench.do({ kind: "agentDisconnected", connection: `link-${resources}` });
    }
  });
});
