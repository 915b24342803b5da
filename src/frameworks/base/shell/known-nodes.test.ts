import { describe, expect, it } from "vitest";
import { freePortsOf } from "../core/known-nodes.ts";
import { knownFrom } from "./known-nodes.ts";

const agent = (id: string, hostname: string, more: object = {}) => ({
  id,
  hostname,
  active: true,
  attributes: {},
  unreserved_resources_full: [{ name: "cpus", type: "SCALAR", scalar: { value: 4 }, role: "*" }],
  reserved_resources_full: {},
  used_resources_full: [],
  ...more,
});
const nanoseconds = (ms: number) => ({ nanoseconds: ms * 1_000_000 });
const agents = (...all: readonly object[]) => JSON.parse(JSON.stringify({ slaves: all }));

describe("what a master says of its agents", () => {
  it("has the windows of maintenance by host: of each the first that is not over", () => {
    const window = (hostname: string, start: number, duration?: number) => ({
      machine_ids: [{ hostname }],
      unavailability: {
        start: nanoseconds(start),
        ...(duration === undefined ? {} : { duration: nanoseconds(duration) }),
      },
    });
    const schedule = {
      windows: [
        window("one", 10, 20),
        window("one", 500),
        window("one", 200, 50),
        window("down", 50),
        window("later", 900),
      ],
    };
    const known = knownFrom(
      { agents: agents(agent("a1", "one"), agent("a2", "two")), schedule, roles: undefined },
      100,
    );
    expect(known.nodes.map(({ maintenance }) => maintenance)).toEqual([
      { startsAt: 200, endsAt: 250 },
      undefined,
    ]);
    expect(known.downHosts).toEqual(["down"]);
    expect(known.limits).toBeUndefined();
  });

  it("has the address of each, as far as it is told", () => {
    const told = agents(agent("a1", "one", { pid: "slave(1)@10.0.0.5:5051" }), agent("a2", "two"));
    const { nodes } = knownFrom({ agents: told, schedule: undefined, roles: undefined }, 0);
    expect(nodes.map(({ address }) => address)).toEqual(["10.0.0.5:5051", undefined]);
  });

  it("counts what is reserved for one instance, and volumes, for nobody else", () => {
    const reservation = { labels: { labels: [{ key: "marathon_task_id", value: "db.instance-1" }] } };
    const cpus = (value: number, more: object = {}) => ({
      name: "cpus",
      scalar: { value },
      role: "dev",
      ...more,
    });
    const volume = { name: "disk", scalar: { value: 50 }, role: "dev", disk: { persistence: { id: "v" } } };
    const one = agent("a1", "one", {
      reserved_resources_full: {
        dev: [
          cpus(2),
          cpus(3, { reservation }),
          cpus(1, { reservations: [{ role: "dev", ...reservation }] }),
          volume,
        ],
      },
      used_resources_full: [cpus(0.5), cpus(3, { reservation })],
    });
    const { nodes } = knownFrom({ agents: agents(one), schedule: undefined, roles: undefined }, 0);
    expect(nodes[0]?.byRole["dev"]).toEqual({ total: { cpus: 2_000 }, free: { cpus: 1_500 } });
    expect([...(nodes[0]?.reservedFor ?? [])]).toEqual(["db.instance-1"]);
  });

  it("has the disks beside an agent's own that nobody has, and does not count them as its own", () => {
    const disk = (size: number, disk?: object, more: object = {}) => ({
      name: "disk",
      type: "SCALAR",
      role: "*",
      scalar: { value: size },
      ...(disk === undefined ? {} : { disk }),
      ...more,
    });
    const path = { source: { type: "PATH", path: { root: "/a" } } };
    const mount = (root: string) => ({ source: { type: "MOUNT", mount: { root } } });
    const volume = { persistence: { id: "v" }, volume: { container_path: "v", mode: "RW" } };
    const told = agents(
      agent("a1", "one", {
        unreserved_resources_full: [disk(100), disk(50, path), disk(9, mount("/b")), disk(8, mount("/c"))],
        reserved_resources_full: { web: [disk(5, { ...path, ...volume }, { role: "web" })] },
        used_resources_full: [disk(20, path), disk(8, mount("/c")), disk(30)],
      }),
    );
    const [node] = knownFrom({ agents: told, schedule: undefined, roles: undefined }, 0).nodes;
    expect(node?.byRole["*"]).toEqual({ total: { disk: 100_000 }, free: { disk: 70_000 } });
    expect(node?.byRole["web"]).toBeUndefined();
    expect(node?.freeDisks?.map(({ disk: info, amount }) => [info, amount])).toEqual([
      [path, { kind: "scalar", millis: 30_000 }],
      [mount("/b"), { kind: "scalar", millis: 9_000 }],
    ]);
  });

  it("has the ports that no task has, by role", () => {
    const ports = (role: string, ...range: readonly (readonly [number, number])[]) => ({
      name: "ports",
      type: "RANGES",
      role,
      ranges: { range: range.map(([begin, end]) => ({ begin, end })) },
    });
    const one = agent("a1", "one", {
      unreserved_resources_full: [ports("*", [31_000, 31_009])],
      reserved_resources_full: { dev: [ports("dev", [80, 80], [443, 443])] },
      used_resources_full: [ports("*", [31_004, 31_005]), ports("dev", [443, 443])],
    });
    const { nodes } = knownFrom({ agents: agents(one), schedule: undefined, roles: undefined }, 0);
    const [node = { freePorts: {} }] = nodes;
    expect(node.freePorts).toEqual({
      "*": [
        { begin: 31_000, end: 31_003 },
        { begin: 31_006, end: 31_009 },
      ],
      dev: [{ begin: 80, end: 80 }],
    });
    expect(freePortsOf(node, new Set(["dev"]))).toEqual([{ begin: 80, end: 80 }]);
    expect(freePortsOf(node, new Set(["dev", "*"]))).toHaveLength(3);
    expect(freePortsOf({}, new Set(["*"]))).toBeUndefined();
  });

  it("has the limits of roles that have some, with what they consume", () => {
    const roles = {
      roles: [
        {
          name: "dev",
          quota: { limit: { cpus: 2, mem: 512 }, consumed: { cpus: 1.5 }, guarantee: { cpus: 1 } },
        },
        { name: "free", quota: { limit: {}, consumed: { cpus: 3 }, guarantee: {} } },
        { name: "old" },
      ],
    };
    const { limits } = knownFrom({ agents: agents(), schedule: undefined, roles }, 0);
    expect([...(limits ?? [])]).toEqual([
      ["dev", { limit: { cpus: 2_000, mem: 512_000 }, consumed: { cpus: 1_500 } }],
    ]);
  });

  it("names the instances that something is reserved for, in both forms of reservations", () => {
    const labels = (value: string) => ({
      labels: [
        { key: "marathon_framework_id", value: "f" },
        { key: "marathon_task_id", value },
      ],
    });
    const disk = { name: "disk", type: "SCALAR", scalar: { value: 10 } };
    const reserved = {
      web: [
        { ...disk, reservations: [{ type: "DYNAMIC", role: "web", labels: labels("stacked") }] },
        { ...disk, role: "web", reservation: { labels: labels("older") } },
        { ...disk, role: "web" },
      ],
    };
    const [node] = knownFrom(
      {
        agents: agents(agent("a1", "one", { reserved_resources_full: reserved })),
        schedule: undefined,
        roles: undefined,
      },
      0,
    ).nodes;
    expect([...(node?.reservedFor ?? [])]).toEqual(["stacked", "older"]);
  });

  it("is read as far as it can be understood", () => {
    const odd = { agents: [1, null] as never, schedule: "x", roles: { roles: [{ name: 3, quota: 4 }] } };
    expect(knownFrom(odd, 0)).toMatchObject({ nodes: [], downHosts: [] });
  });
});
