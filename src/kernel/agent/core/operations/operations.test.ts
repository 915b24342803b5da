import { describe, expect, it } from "vitest";
import type { OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import type { OperationStatusUpdate } from "#contracts/link/messages.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import { AgentBench, aRunTask, framesOf, kindsOf } from "../../testing.ts";
import type { AgentEffect } from "../events.ts";

const reserved = (name: string, value: number, more: Partial<Resource> = {}): Resource => ({
  name,
  type: "SCALAR",
  scalar: { value },
  reservations: [{ type: "DYNAMIC", role: "web" }],
  ...more,
});
const volume = (size = 100, more: Partial<Resource> = {}): Resource =>
  reserved("disk", size, {
    disk: { persistence: { id: "v1" }, volume: { container_path: "data", mode: "RW" } },
    ...more,
  });
const reserve: OfferOperation = {
  type: "RESERVE",
  reserve: { resources: [reserved("cpus", 1), reserved("disk", 100)] },
};
const create = (...volumes: readonly Resource[]): OfferOperation => ({ type: "CREATE", create: { volumes } });
const destroy = (...volumes: readonly Resource[]): OfferOperation => ({
  type: "DESTROY",
  destroy: { volumes },
});

let orders = 0;
function order(bench: AgentBench, operation: OfferOperation, id?: string): readonly AgentEffect[] {
  orders += 1;
  return bench.master({
    kind: "applyOperation",
    operationUuid: `00000000-0000-4000-8000-${String(orders).padStart(12, "0")}`,
    frameworkId: "m-0000",
    operation: { ...operation, ...(id === undefined ? {} : { id: { value: id } }) },
  });
}
const statusesOf = (effects: readonly AgentEffect[]): readonly OperationStatusUpdate[] =>
  framesOf(effects).flatMap((message) => (message.kind === "operationStatus" ? [message] : []));
const totalOf = (bench: AgentBench): string => String(bench.core.view().total);
const directoriesOf = (effects: readonly AgentEffect[]): readonly string[] =>
  effects.flatMap((effect) =>
    effect.kind === "makeVolume" || effect.kind === "removeVolume" ? [effect.directory] : [],
  );

function registered(): AgentBench {
  const bench = new AgentBench();
  bench.register();
  return bench;
}

describe("operations on the agent's resources", () => {
  it("are durable before they are told, and last through a restart and a registration", () => {
    const bench = registered();
    const [status] = statusesOf(order(bench, reserve));
    expect(status?.status).toMatchObject({ state: "OPERATION_FINISHED" });
    expect(status?.status.uuid).toBeUndefined();
    const after = totalOf(bench);
    expect(after).toContain("cpus(web):1");
    bench.restart();
    expect(totalOf(bench)).toBe(after);
    bench.register();
    const told = framesOf(bench.effects).find(({ kind }) => kind === "reregister");
    expect(told).toMatchObject({ kind: "reregister" });
    expect(JSON.stringify(told)).toContain('"role":"web"');
  });

  it("that can't be are dropped, and the master is told what there is", () => {
    const bench = registered();
    const effects = order(bench, { type: "RESERVE", reserve: { resources: [reserved("cpus", 99)] } });
    expect(statusesOf(effects)[0]?.status).toMatchObject({
      state: "OPERATION_DROPPED",
      message: expect.stringContaining("does not have cpus:99 free") as string,
    });
    expect(framesOf(effects).map(({ kind }) => kind)).toEqual(["operationStatus", "agentResources"]);
    expect(bench.records.has("resources/remembered")).toBe(false);
  });

  it("with an id are told again and again, also by the next life, until acknowledged", () => {
    const bench = registered();
    const [first] = statusesOf(order(bench, reserve, "op-1"));
    expect(first?.status).toMatchObject({
      operation_id: { value: "op-1" },
      state: "OPERATION_FINISHED",
      agent_id: { value: "m-S0" },
    });
    expect(statusesOf(bench.advance(9_999))).toEqual([]);
    expect(statusesOf(bench.advance(1))).toEqual([first]);
    expect(statusesOf(bench.advance(19_999))).toEqual([]);
    expect(statusesOf(bench.advance(1))).toEqual([first]);
    bench.restart();
    bench.register();
    expect(statusesOf(bench.effects)).toEqual([first]);
    expect(framesOf(bench.effects)).toContainEqual(expect.objectContaining({ operations: [first] }));
    const { operationUuid = "", status } = first ?? {};
    const acknowledge = { kind: "acknowledgeOperation", operationUuid } as const;
    bench.master({ ...acknowledge, statusUuid: "AAAAAAAAAAAAAAAAAAAAAA==" });
    expect(bench.core.view().operations).toHaveLength(1);
    bench.master({ ...acknowledge, statusUuid: status?.uuid?.value ?? "" });
    expect(bench.core.view().operations).toEqual([]);
    expect(statusesOf(bench.advance(3_600_000))).toEqual([]);
    expect([...bench.records.keys()].some((key) => key.startsWith("operations/"))).toBe(false);
  });

  it("of a framework that is gone are told to nobody", () => {
    const bench = registered();
    order(bench, reserve, "op-1");
    bench.master({ kind: "shutdownFramework", frameworkId: "m-0000" });
    expect(bench.core.view().operations).toEqual([]);
  });

  it("keep an agent from starting with less than it holds, and say what to do", () => {
    const bench = registered();
    order(bench, reserve);
    bench.restart({ resources: parseResourcesText("cpus:0.5;mem:4096;disk:10000").toWire() });
    const [end] = bench.send({ kind: "started" }).filter(({ kind }) => kind === "shutDown");
    expect(end).toMatchObject({
      failure: expect.stringContaining("start it with resources that contain") as string,
    });
  });
});

describe("persistent volumes", () => {
  function withVolume(more: Partial<Resource> = {}): { bench: AgentBench; directory: string } {
    const bench = registered();
    order(bench, reserve);
    const [directory = ""] = directoriesOf(order(bench, create(volume(100, more))));
    bench.send({ kind: "volumeMade", directory });
    return { bench, directory };
  }
  const user = (id: string, more: Partial<Resource> = {}) => ({
    ...aRunTask(id),
    resources: [reserved("cpus", 0.1), volume(100, more)],
  });

  it("have a directory, which tasks find at their path, also after a restart", () => {
    const { bench, directory } = withVolume();
    expect(directory).toMatch(/^\/data\/work\/volumes\/roles\/web\/v1\/[0-9a-f-]{36}$/);
    const mounts = (): unknown =>
      bench.effects.flatMap((effect) => (effect.kind === "launchContainer" ? [effect.plan.volumes] : []));
    const containerId = bench.running(user("t1"));
    expect(mounts()).toEqual([[{ directory, containerPath: "data" }]]);
    bench.exit(containerId);
    bench.acknowledgeAll();
    bench.restart();
    bench.register();
    expect(kindsOf(bench.effects).filter((kind) => kind.endsWith("Volume"))).toEqual([]);
    bench.running(user("t2"));
    expect(mounts()).toEqual([[{ directory, containerPath: "data" }]]);
  });

  it("are not destroyed while a task uses them; then their directory goes, and never comes back", () => {
    const { bench, directory } = withVolume();
    const containerId = bench.running(user("t1"));
    expect(statusesOf(order(bench, destroy(volume())))[0]?.status.state).toBe("OPERATION_DROPPED");
    bench.exit(containerId);
    bench.acknowledgeAll();
    expect(directoriesOf(order(bench, destroy(volume())))).toEqual([directory]);
    // The agent dies before the directory is gone, and the volume is created again.
    bench.restart();
    bench.register();
    const removals = bench.effects.filter((effect) => effect.kind === "removeVolume");
    expect(removals).toMatchObject([{ directory }]);
    const [again] = directoriesOf(order(bench, create(volume())));
    expect(again).not.toBe(directory);
    for (const removal of removals)
      if (removal.kind === "removeVolume")
        bench.send({ kind: "volumeRemoved", removalId: removal.removalId });
    expect([...bench.records.keys()].filter((key) => key.startsWith("removals/"))).toEqual([]);
  });

  it("whose directory may not have been made is made by the next life", () => {
    const bench = registered();
    order(bench, reserve);
    const directories = directoriesOf(order(bench, create(volume())));
    bench.restart();
    bench.register();
    expect(directoriesOf(bench.effects)).toEqual(directories);
  });

  it("keep their directory when they grow and shrink", () => {
    const { bench, directory } = withVolume({ scalar: { value: 60 } });
    const grown = { volume: volume(60), addition: reserved("disk", 40) };
    expect(kindsOf(order(bench, { type: "GROW_VOLUME", grow_volume: grown }))).toEqual(["sendFrame"]);
    const shrunk = { volume: volume(100), subtract: { value: 70 } };
    expect(kindsOf(order(bench, { type: "SHRINK_VOLUME", shrink_volume: shrunk }))).toEqual(["sendFrame"]);
    expect(totalOf(bench)).toContain("disk(web)[v1]:30");
    bench.running({ ...aRunTask("t1"), resources: [volume(30)] });
    const plan = bench.effects.find((effect) => effect.kind === "launchContainer");
    expect(plan).toMatchObject({ plan: { volumes: [{ directory }] } });
  });

  it("that are shared serve two tasks at once, and one more task after each that ended", () => {
    const shared = { shared: {} };
    const { bench } = withVolume(shared);
    const first = bench.running(user("t1", shared));
    bench.running(user("t2", shared));
    expect(bench.core.view().used.scalarMillis("disk")).toBe(100_000);
    expect(statusesOf(order(bench, destroy(volume(100, shared))))[0]?.status.state).toBe("OPERATION_DROPPED");
    bench.exit(first);
    bench.acknowledgeAll();
    bench.running(user("t3", shared));
    expect(totalOf(bench)).toContain("disk(web)[v1]:100");
  });

  it("on a PATH and a MOUNT disk are below its root", () => {
    const on = (source: NonNullable<NonNullable<Resource["disk"]>["source"]>): Resource => ({
      name: "disk",
      type: "SCALAR",
      scalar: { value: 100 },
      disk: { source },
    });
    const path = on({ type: "PATH", path: { root: "disks/a" } });
    const mount = on({ type: "MOUNT", mount: { root: "/mnt/b" } });
    const bench = new AgentBench({
      facts: { resources: [...parseResourcesText("cpus:4;mem:4096").toWire(), path, mount] },
    });
    bench.register();
    const as = (disk: Resource, id: string, more: Partial<Resource> = {}): Resource => ({
      ...reserved("disk", 100, more),
      disk: {
        ...disk.disk,
        ...(id === "" ? {} : { persistence: { id }, volume: { container_path: id, mode: "RW" } }),
      },
    });
    const both = [as(path, ""), as(mount, "")];
    order(bench, { type: "RESERVE", reserve: { resources: both } });
    const directories = directoriesOf(order(bench, create(as(path, "a"), as(mount, "b"))));
    expect(directories[0]).toMatch(/^\/data\/work\/disks\/a\/volumes\/roles\/web\/a\//);
    expect(directories[1]).toMatch(/^\/mnt\/b\/volumes\/roles\/web\/b\//);
  });
});
