import { describe, expect, it } from "vitest";
import type { FrameworkInfo, OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import type { ApplyOperation } from "#contracts/link/messages.ts";
import { parseResources } from "#domain/resources/index.ts";
import { aTask, MasterBench, noRegistry } from "../../testing.ts";

const diskful = "cpus:4;mem:4096;disk:1000";
const web = {
  roles: ["web"],
  capabilities: [{ type: "MULTI_ROLE" }, { type: "RESERVATION_REFINEMENT" }],
} as const;

const reserved = (name: string, value: number, more: Partial<Resource> = {}): Resource => ({
  name,
  type: "SCALAR",
  scalar: { value },
  reservations: [{ type: "DYNAMIC", role: "web" }],
  ...more,
});
const volume = (id = "v1", size = 100, more: Partial<Resource> = {}): Resource =>
  reserved("disk", size, {
    disk: { persistence: { id }, volume: { container_path: "data", mode: "RW" } },
    ...more,
  });
const reserve = (...resources: readonly Resource[]): OfferOperation => ({
  type: "RESERVE",
  reserve: { resources },
});
const unreserve = (...resources: readonly Resource[]): OfferOperation => ({
  type: "UNRESERVE",
  unreserve: { resources },
});
const create = (...volumes: readonly Resource[]): OfferOperation => ({ type: "CREATE", create: { volumes } });
const destroy = (...volumes: readonly Resource[]): OfferOperation => ({
  type: "DESTROY",
  destroy: { volumes },
});
const launch = (
  agentId: string,
  ...tasks: readonly (readonly [string, readonly Resource[]])[]
): OfferOperation => ({
  type: "LAUNCH",
  launch: { task_infos: tasks.map(([id, resources]) => aTask(id, agentId, { resources })) },
});
const named = (operation: OfferOperation, id: string): OfferOperation => ({
  ...operation,
  id: { value: id },
});

function world(info: Partial<FrameworkInfo> = web): {
  bench: MasterBench;
  agentId: string;
  frameworkId: string;
} {
  const bench = new MasterBench();
  const agentId = bench.agent("a", diskful);
  const frameworkId = bench.framework("f", info);
  bench.pass(0);
  return { bench, agentId, frameworkId };
}

const orders = (bench: MasterBench): readonly ApplyOperation[] =>
  bench.toAgent("a").flatMap((message) => (message.kind === "applyOperation" ? [message] : []));
const totalOf = (bench: MasterBench, agentId: string): string =>
  String(bench.core.state.agents.get(agentId)?.total);
const offered = (bench: MasterBench, stream: string): string =>
  String(parseResources(bench.offers(stream).at(-1)?.resources ?? []));
const check = (bench: MasterBench): void => expect(bench.core.check()).toEqual([]);

describe("operations of an ACCEPT", () => {
  it("reserve, create and launch one after the other, and the agent gets them in that order", () => {
    const { bench, agentId, frameworkId } = world();
    bench.accept(frameworkId, "f", [
      reserve(reserved("cpus", 1), reserved("mem", 64), reserved("disk", 100)),
      create(volume()),
      launch(agentId, ["t1", [reserved("cpus", 1), reserved("mem", 64), volume()]]),
    ]);
    const sent = bench.toAgent("a").map(({ kind }) => kind);
    expect(sent.slice(-3)).toEqual(["applyOperation", "applyOperation", "runTask"]);
    expect(bench.updates("f")).toEqual([]);
    check(bench);
    expect(totalOf(bench, agentId)).toContain("disk(web)[v1]:100");
    bench.pass(1000);
    expect(offered(bench, "f")).not.toContain("[v1]");
  });

  it("fail in the other order, each told, and the rest goes on", () => {
    const { bench, agentId, frameworkId } = world();
    bench.accept(frameworkId, "f", [
      launch(agentId, ["t1", [reserved("cpus", 1), volume()]]),
      named(create(volume()), "c"),
      reserve(reserved("cpus", 1), reserved("disk", 100)),
    ]);
    expect(bench.updates("f").map(({ state, reason }) => [state, reason])).toEqual([
      ["TASK_ERROR", "REASON_TASK_INVALID"],
    ]);
    expect(bench.operationStatuses("f")).toMatchObject([
      { operation_id: { value: "c" }, state: "OPERATION_ERROR", agent_id: { value: agentId } },
    ]);
    expect(orders(bench)).toHaveLength(1);
    expect(totalOf(bench, agentId)).toContain("disk(web):100");
    check(bench);
  });

  it("are refused when the offer is not valid: an id is told ERROR", () => {
    const { bench, frameworkId } = world();
    const offers = bench.offers("f");
    bench.accept(frameworkId, "f", [], offers);
    bench.accept(frameworkId, "f", [named(reserve(reserved("cpus", 1)), "r")], offers);
    expect(bench.operationStatuses("f")).toMatchObject([{ state: "OPERATION_ERROR" }]);
    expect(orders(bench)).toEqual([]);
  });

  const refusals: readonly {
    readonly name: string;
    readonly operation: OfferOperation;
    readonly says: string;
  }[] = [
    {
      name: "for another role than the offer's",
      operation: reserve(reserved("cpus", 1, { reservations: [{ type: "DYNAMIC", role: "ops" }] })),
      says: "reserved for ops, but the offer is for web",
    },
    {
      name: "more than is offered",
      operation: reserve(reserved("cpus", 5)),
      says: "of which the offers hold",
    },
    {
      name: "a volume on disk that is not reserved",
      operation: create(volume("v", 1, { reservations: [] })),
      says: "must be of reserved disk",
    },
    {
      name: "a volume that leaves the sandbox",
      operation: create(
        volume("v", 1, {
          disk: { persistence: { id: "v" }, volume: { container_path: "/etc", mode: "RW" } },
        }),
      ),
      says: "not a path inside of the sandbox",
    },
    {
      name: "a read-only volume",
      operation: create(
        volume("v", 1, { disk: { persistence: { id: "v" }, volume: { container_path: "d", mode: "RO" } } }),
      ),
      says: "mode must be RW",
    },
    { name: "a volume named like a path", operation: create(volume("a/b", 1)), says: "can't be the id" },
    {
      name: "a shared volume for a framework that does not know them",
      operation: create(volume("v", 1, { shared: {} })),
      says: "needs SHARED_RESOURCES",
    },
    { name: "a volume that is not there", operation: destroy(volume("none")), says: "no such volume" },
    {
      name: "what no resource provider can make",
      operation: { type: "CREATE_DISK" },
      says: "no resource provider",
    },
    {
      name: "what is not reserved",
      operation: unreserve(reserved("cpus", 1, { reservations: [] })),
      says: "not reserved",
    },
  ];
  it.each(refusals)("refuse $name", ({ operation, says }) => {
    const { bench, agentId, frameworkId } = world();
    const before = totalOf(bench, agentId);
    bench.accept(frameworkId, "f", [named(operation, "x")]);
    expect(bench.operationStatuses("f")).toMatchObject([{ state: "OPERATION_ERROR" }]);
    expect(bench.operationStatuses("f")[0]?.message).toContain(says);
    expect(totalOf(bench, agentId)).toBe(before);
    check(bench);
  });

  it("name the framework's principal", () => {
    const { bench, agentId, frameworkId } = world({ ...web, principal: "p" });
    const mine = reserved("cpus", 1, { reservations: [{ type: "DYNAMIC", role: "web", principal: "p" }] });
    bench.accept(frameworkId, "f", [named(reserve(reserved("cpus", 1)), "x"), named(reserve(mine), "y")]);
    expect(bench.operationStatuses("f")).toMatchObject([{ operation_id: { value: "x" } }]);
    expect(totalOf(bench, agentId)).toContain("cpus(web):1");
  });

  it("destroy no volume that a task uses, and unreserve nothing below a volume", () => {
    const { bench, agentId, frameworkId } = world();
    const disk = reserved("disk", 100);
    bench.accept(frameworkId, "f", [
      reserve(disk, reserved("cpus", 1)),
      create(volume()),
      launch(agentId, ["t1", [reserved("cpus", 0.5), volume()]]),
      named(destroy(volume()), "d"),
      named(unreserve(volume()), "u"),
    ]);
    expect(bench.operationStatuses("f").map(({ message }) => message)).toEqual([
      expect.stringContaining("in use by task t1"),
      expect.stringContaining("destroy the volume first"),
    ]);
    bench.update("a", frameworkId, "t1", "TASK_FINISHED", "u");
    bench.pass(1000);
    bench.accept(frameworkId, "f", [destroy(volume()), unreserve(disk, reserved("cpus", 1))]);
    expect(totalOf(bench, agentId)).not.toContain("web");
    check(bench);
  });

  it("resize a volume, which the same call can't use any more", () => {
    const { bench, agentId, frameworkId } = world();
    bench.accept(frameworkId, "f", [
      reserve(reserved("disk", 150), reserved("cpus", 1)),
      create(volume()),
      { type: "GROW_VOLUME", grow_volume: { volume: volume(), addition: reserved("disk", 50) } },
      launch(agentId, ["t1", [reserved("cpus", 1), volume("v1", 150)]]),
    ]);
    expect(bench.updates("f")).toMatchObject([{ state: "TASK_ERROR" }]);
    bench.pass(1000);
    expect(offered(bench, "f")).toContain("disk(web)[v1]:150");
    bench.accept(frameworkId, "f", [
      { type: "SHRINK_VOLUME", shrink_volume: { volume: volume("v1", 150), subtract: { value: 140 } } },
    ]);
    expect(totalOf(bench, agentId)).toContain("disk(web)[v1]:10");
    check(bench);
  });

  it("let several tasks share a volume, in one call and later, until nobody uses it", () => {
    const capabilities = [...web.capabilities, { type: "SHARED_RESOURCES" } as const];
    const { bench, agentId, frameworkId } = world({ roles: ["web"], capabilities });
    const shared = volume("v1", 100, { shared: {} });
    const use = (id: string): readonly [string, readonly Resource[]] => [id, [reserved("cpus", 0.5), shared]];
    bench.accept(frameworkId, "f", [
      reserve(reserved("disk", 100), reserved("cpus", 2)),
      create(shared),
      launch(agentId, use("t1"), use("t2")),
    ]);
    check(bench);
    bench.pass(1000);
    expect(offered(bench, "f")).toContain("[v1]");
    bench.accept(frameworkId, "f", [launch(agentId, use("t3")), named(destroy(shared), "d")]);
    expect(bench.updates("f")).toEqual([]);
    expect(bench.operationStatuses("f")[0]?.message).toContain("in use by task t1");
    for (const id of ["t1", "t2", "t3"]) bench.update("a", frameworkId, id, "TASK_FINISHED", `u${id}`);
    bench.pass(1000);
    check(bench);
    bench.accept(frameworkId, "f", [destroy(shared)]);
    expect(totalOf(bench, agentId)).toContain("disk(web):100");
    check(bench);
  });
});

describe("statuses of operations", () => {
  function withOperation(id?: string) {
    const made = world();
    const operation = reserve(reserved("cpus", 1));
    made.bench.accept(made.frameworkId, "f", [id === undefined ? operation : named(operation, id)]);
    const [order] = orders(made.bench);
    const { operationUuid = "", operation: info = {} } = order ?? {};
    const tell = (uuid: string | undefined): void =>
      made.bench.do({
        kind: "agentSaid",
        connection: "a",
        message: {
          kind: "operationStatus",
          operationUuid,
          frameworkId: made.frameworkId,
          info,
          status: { state: "OPERATION_FINISHED", ...(uuid === undefined ? {} : { uuid: { value: uuid } }) },
        },
      });
    const acknowledge = (uuid: string): void =>
      made.bench.call(made.frameworkId, {
        type: "ACKNOWLEDGE_OPERATION_STATUS",
        acknowledge_operation_status: { operation_id: { value: id ?? "" }, uuid },
      });
    return { ...made, tell, acknowledge, operationUuid, info };
  }
  const known = (bench: MasterBench): number => bench.core.state.operations.size;

  it("are counted once, by what became of them", () => {
    const { bench, tell, frameworkId, agentId } = withOperation("r");
    const ended = (): unknown => Object.fromEntries(bench.core.state.operations.ended);
    expect(ended()).toEqual({});
    tell("u1");
    tell("u1");
    expect(ended()).toEqual({ "RESERVE OPERATION_FINISHED": 1 });
    bench.pass(1_000);
    bench.accept(frameworkId, "f", [unreserve(reserved("cpus", 99))]);
    expect(ended()).toEqual({ "RESERVE OPERATION_FINISHED": 1, "UNRESERVE OPERATION_ERROR": 1 });
    bench.pass(1_000);
    bench.accept(frameworkId, "f", [named(reserve(reserved("mem", 32)), "late")]);
    bench.do({ kind: "agentOrdered", request: 1, agentId, order: { kind: "markGone" } });
    expect(ended()).toMatchObject({
      "RESERVE OPERATION_GONE_BY_OPERATOR": 1,
      "RESERVE OPERATION_FINISHED": 1,
    });
  });

  it("are told to nobody who gave no id", () => {
    const { bench, tell } = withOperation();
    expect(known(bench)).toBe(1);
    tell(undefined);
    expect(bench.operationStatuses("f")).toEqual([]);
    expect(known(bench)).toBe(0);
  });

  it("are passed on, and an acknowledgement goes to the agent once it fits", () => {
    const { bench, tell, acknowledge, operationUuid } = withOperation("r");
    tell("u1");
    expect(bench.operationStatuses("f")).toMatchObject([
      { state: "OPERATION_FINISHED", uuid: { value: "u1" } },
    ]);
    acknowledge("other");
    expect(known(bench)).toBe(1);
    acknowledge("u1");
    expect(known(bench)).toBe(0);
    expect(bench.toAgent("a").at(-1)).toEqual({
      kind: "acknowledgeOperation",
      operationUuid,
      statusUuid: "u1",
    });
  });

  it("answer reconciliation: pending, finished, unknown", () => {
    const { bench, agentId, frameworkId, tell } = withOperation("r");
    const ask = (...ids: readonly string[]) => {
      const before = bench.operationStatuses("f").length;
      bench.call(frameworkId, {
        type: "RECONCILE_OPERATIONS",
        reconcile_operations: {
          operations: ids.map((id) => ({ operation_id: { value: id }, agent_id: { value: agentId } })),
        },
      });
      return bench
        .operationStatuses("f")
        .slice(before)
        .map(({ state }) => state);
    };
    expect(ask("r", "s")).toEqual(["OPERATION_PENDING", "OPERATION_UNKNOWN"]);
    tell("u1");
    expect(ask("r")).toEqual(["OPERATION_FINISHED"]);
    expect(ask()).toEqual(["OPERATION_FINISHED"]);
  });

  it("whose order was lost are dropped when the agent is back, and so is what the order had made", () => {
    const { bench, agentId } = withOperation("r");
    expect(totalOf(bench, agentId)).toContain("cpus(web):1");
    bench.do({ kind: "agentDisconnected", connection: "a" });
    bench.reregister("a2", agentId, [], [], diskful);
    expect(bench.operationStatuses("f")).toMatchObject([
      { state: "OPERATION_DROPPED", agent_id: { value: agentId } },
    ]);
    expect(totalOf(bench, agentId)).toBe("cpus:4; mem:4096; disk:1000");
    check(bench);
  });

  it("reach a new master through the agent that lists them", () => {
    const { agentId, frameworkId, operationUuid, info } = withOperation("r");
    const bench = new MasterBench({}, { ...noRegistry, epoch: 1 });
    bench.framework("f", { ...web, id: { value: frameworkId } });
    const status = { state: "OPERATION_FINISHED", uuid: { value: "u1" } } as const;
    bench.reregister("a", agentId, [], [], diskful, [
      { kind: "operationStatus", operationUuid, frameworkId, info, status },
    ]);
    expect([...bench.core.state.operations.values()].map((each) => each.status)).toEqual([status]);
  });

  it("become UNREACHABLE with their agent, and are forgotten with their framework", () => {
    const one = withOperation("r");
    one.bench.do({ kind: "agentDisconnected", connection: "a" });
    one.bench.pass(3_600_000);
    expect(one.bench.operationStatuses("f")).toMatchObject([{ state: "OPERATION_UNREACHABLE" }]);
    expect(known(one.bench)).toBe(0);
    const other = withOperation("r");
    other.bench.call(other.frameworkId, { type: "TEARDOWN" });
    expect(known(other.bench)).toBe(0);
    other.tell("u1");
    expect(other.bench.toAgent("a").at(-1)).toMatchObject({ kind: "acknowledgeOperation", statusUuid: "u1" });
  });

  it("an agent that could not do it says what it has, and nothing else is offered", () => {
    const { bench, agentId } = withOperation();
    bench.pass(1000);
    bench.do({
      kind: "agentSaid",
      connection: "a",
      message: { kind: "agentResources", resources: parseResources([reserved("mem", 64)]).toWire() },
    });
    expect(totalOf(bench, agentId)).toBe("mem(web):64");
    check(bench);
  });
});

describe("operations of operators", () => {
  let requests = 0;
  function ask(bench: MasterBench, agentId: string, operation: OfferOperation) {
    requests += 1;
    bench.do({ kind: "operationAsked", request: requests, agentId, operation });
    return bench.effects.find((effect) => effect.kind === "reply" && effect.request === requests);
  }

  it("take back only as many offers as they need, and keep the rest away for five seconds", () => {
    const bench = new MasterBench();
    const agentId = bench.agent("a", "cpus:4;mem:4096;disk:1000");
    bench.framework("f", web);
    bench.pass(0);
    bench.framework("g", { name: "g", roles: ["ops"], capabilities: [{ type: "MULTI_ROLE" }] });
    bench.pass(1000);
    expect(ask(bench, agentId, reserve(reserved("cpus", 1)))).toMatchObject({ kind: "reply" });
    expect(bench.events("f").some(({ type }) => type === "RESCIND")).toBe(true);
    expect(totalOf(bench, agentId)).toContain("cpus(web):1");
    check(bench);
    bench.pass(1000);
    expect(offered(bench, "g")).toBe("cpus:3; mem:4096; disk:1000");
    check(bench);
  });

  it("conflict with what is in use, and are refused for what makes no sense", () => {
    const { bench, agentId, frameworkId } = world();
    bench.launch(frameworkId, "f", [
      aTask("t1", agentId, { resources: [{ name: "cpus", type: "SCALAR", scalar: { value: 4 } }] }),
    ]);
    expect(ask(bench, agentId, reserve(reserved("cpus", 1)))).toMatchObject({ cause: "conflict" });
    expect(ask(bench, agentId, unreserve(reserved("cpus", 1)))).toMatchObject({ cause: "conflict" });
    for (const [id, operation] of [
      ["nobody", reserve(reserved("mem", 1))],
      [agentId, reserve(reserved("mem", 1, { reservations: [] }))],
      [agentId, destroy(volume())],
    ] as const)
      expect(ask(bench, id, operation)).not.toHaveProperty("cause");
    expect(orders(bench)).toEqual([]);
    check(bench);
  });

  it("make volumes that the framework is offered", () => {
    const { bench, agentId } = world();
    ask(bench, agentId, reserve(reserved("disk", 100)));
    ask(bench, agentId, create(volume()));
    bench.pass(6000);
    expect(offered(bench, "f")).toContain("disk(web)[v1]:100");
    ask(bench, agentId, destroy(volume()));
    ask(bench, agentId, unreserve(reserved("disk", 100)));
    expect(totalOf(bench, agentId)).toBe("cpus:4; mem:4096; disk:1000");
    check(bench);
  });
});
