import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseResources, parseResourcesText, Resources } from "#domain/resources/index.ts";
import { seededRandom } from "#foundation/base/random.ts";
import {
  Allocator,
  type Capability,
  defaultAllocatorPolicy,
  type FrameworkDescription,
  type Grant,
} from "./index.ts";

const text = parseResourcesText;

function framework(
  roles: readonly string[] = ["*"],
  more: Partial<FrameworkDescription> = {},
): FrameworkDescription {
  return { roles, suppressedRoles: [], capabilities: new Set<Capability>(), minimums: new Map(), ...more };
}

function newAllocator(): Allocator {
  return new Allocator(defaultAllocatorPolicy, seededRandom(1));
}

const giveBack = (allocator: Allocator, grant: Grant, now: number, refuseSeconds?: number): void =>
  allocator.recover(grant, now, refuseSeconds);

/** Runs batches, each framework taking one task's worth of each offer, until nobody gets any. */
function fill(allocator: Allocator, tasks: ReadonlyMap<string, Resources>): Map<string, number> {
  const launched = new Map<string, number>();
  for (let now = 0; now < 400_000; now += 1000) {
    const grants = allocator.allocate(now);
    for (const grant of grants) {
      const task = tasks.get(grant.frameworkId) ?? Resources.empty;
      if (!grant.resources.contains(task)) {
        allocator.recover(grant, now, 3600);
        continue;
      }
      launched.set(grant.frameworkId, (launched.get(grant.frameworkId) ?? 0) + 1);
      allocator.recover({ ...grant, resources: grant.resources.minus(task) }, now);
    }
    expect(allocator.check()).toEqual([]);
    if (grants.length === 0) break;
  }
  return launched;
}

describe("conversions", () => {
  const volume = {
    name: "disk",
    type: "SCALAR" as const,
    scalar: { value: 100 },
    reservations: [{ type: "DYNAMIC" as const, role: "a" }],
    disk: { persistence: { id: "v" }, volume: { container_path: "data", mode: "RW" as const } },
  };

  it("what one framework reserved out of its offer goes to its role alone, and shares stay", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:4;mem:1000"), [], 0);
    allocator.addFramework("a", framework(["a"]), true, 0);
    const [grant] = allocator.allocate(0);
    if (grant === undefined) throw new Error("nothing was offered");
    const share = allocator.shareOf("a");
    const reserved = parseResources([
      { name: "cpus", type: "SCALAR", scalar: { value: 1 }, reservations: [{ type: "DYNAMIC", role: "a" }] },
    ]);
    expect(allocator.convert("agent", { consumed: text("cpus:1"), converted: reserved }, grant)).toBe(true);
    expect(allocator.check()).toEqual([]);
    expect(allocator.shareOf("a")).toBe(share);
    allocator.recover({ ...grant, resources: text("cpus:3;mem:1000").plus(reserved) }, 0, 3600);
    allocator.addFramework("b", framework(["b"]), true, 1000);
    const [other] = allocator.allocate(1000);
    expect(String(other?.resources)).toBe("cpus:3; mem:1000");
  });

  it("what is not free is not converted for an operator", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:4;mem:1000"), [], 0);
    const half = { consumed: text("cpus:2"), converted: text("cpus(a):2") };
    allocator.addFramework("a", framework(["a"]), true, 0);
    allocator.allocate(0);
    expect(allocator.convert("agent", half)).toBe(false);
    allocator.removeFramework("a", 0);
    expect(allocator.convert("agent", half)).toBe(true);
    expect(String(allocator.availableOn("agent"))).toBe("cpus:2; mem:1000; cpus(a):2");
  });

  it("a shared volume is free while it is held, and offered once a run to who can share", () => {
    const allocator = newAllocator();
    const shared = parseResources([{ ...volume, shared: {} }]);
    allocator.addAgent("agent", text("cpus:4;mem:1000").plus(shared), [], 0);
    const capabilities = new Set<Capability>(["SHARED_RESOURCES"]);
    allocator.addFramework("b", framework(["a"], { minimums: new Map([["a", []]]) }), true, 0);
    expect(allocator.allocate(0).map(({ resources }) => resources.shared().isEmpty)).toEqual([true]);
    allocator.removeFramework("b", 0);
    allocator.addFramework("a", framework(["a"], { capabilities, minimums: new Map([["a", []]]) }), true, 0);
    const grants = allocator.allocate(1000);
    expect(grants.map(({ resources }) => resources.contains(shared))).toEqual([true]);
    expect(allocator.availableOn("agent").equals(shared)).toBe(true);
    // Two tasks use it, and what was offered comes back: it counts once.
    const use = { frameworkId: "a", role: "a", agentId: "agent", resources: shared };
    allocator.hold(use);
    allocator.hold(use);
    expect(allocator.check()).toEqual([]);
    for (const grant of grants) allocator.recover(grant, 1000);
    allocator.recover(use, 1000);
    expect(allocator.check()).toEqual([]);
    allocator.recover(use, 1000);
    expect(allocator.check()).toEqual([]);
    expect(allocator.shareOf("a")).toBe(0);
  });
});

describe("fair shares", () => {
  it("mesos.md§8#73 a cpu-heavy and a memory-heavy role end with equal dominant shares", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:9;mem:18000"), [], 0);
    allocator.addFramework("a", framework(["a"]), true, 0);
    allocator.addFramework("b", framework(["b"]), true, 0);
    const launched = fill(
      allocator,
      new Map([
        ["a", text("cpus:1;mem:4000")],
        ["b", text("cpus:3;mem:1000")],
      ]),
    );
    expect(launched).toEqual(
      new Map([
        ["a", 3],
        ["b", 2],
      ]),
    );
    expect(allocator.shareOf("a")).toBeCloseTo(allocator.shareOf("b"), 5);
  });

  it("mesos.md§8#74 a weight of two gives twice the share, also when it is set later", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:30;mem:30000"), [], 0);
    allocator.addFramework("a", framework(["a"]), true, 0);
    allocator.addFramework("b", framework(["b"]), true, 0);
    allocator.setWeights(new Map([["a", 2]]));
    const task = text("cpus:1;mem:1000");
    expect(
      fill(
        allocator,
        new Map([
          ["a", task],
          ["b", task],
        ]),
      ),
    ).toEqual(
      new Map([
        ["a", 20],
        ["b", 10],
      ]),
    );
  });

  it("mesos.md§8#75 two children of a role share what one other role gets alone", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:40;mem:40000"), [], 0);
    for (const role of ["a/x", "a/y", "b"]) allocator.addFramework(role, framework([role]), true, 0);
    const task = text("cpus:1;mem:1000");
    const launched = fill(
      allocator,
      new Map([
        ["a/x", task],
        ["a/y", task],
        ["b", task],
      ]),
    );
    expect(launched.get("b")).toBe(20);
    expect((launched.get("a/x") ?? 0) + (launched.get("a/y") ?? 0)).toBe(20);
    expect(launched.get("a/x")).toBe(10);
  });

  it("mesos.md§8#76 quantities that are excluded do not count for shares", () => {
    const launched = (excludedNames: readonly string[]): Map<string, number> => {
      const allocator = new Allocator({ ...defaultAllocatorPolicy, excludedNames }, seededRandom(1));
      allocator.addAgent("agent", text("cpus:12;mem:12000;gpus:4"), [], 0);
      const capabilities = new Set<Capability>(["GPU_RESOURCES"]);
      for (const role of ["graphics", "plain"])
        allocator.addFramework(role, framework([role], { capabilities }), true, 0);
      return fill(
        allocator,
        new Map([
          ["graphics", text("cpus:1;mem:1000;gpus:1")],
          ["plain", text("cpus:1;mem:1000")],
        ]),
      );
    };
    // A quarter of all GPUs a task: with them, three plain tasks weigh as much as one.
    expect(launched([]).get("graphics")).toBe(3);
    expect(launched(["gpus"]).get("graphics")).toBe(4);
  });

  it("frameworks of one role share it", () => {
    const allocator = newAllocator();
    for (let index = 0; index < 4; index += 1)
      allocator.addAgent(`agent-${index}`, text("cpus:4;mem:4000"), [], 0);
    for (const id of ["one", "two"]) allocator.addFramework(id, framework(), true, 0);
    const grants = allocator.allocate(0);
    expect(grants.map((grant) => grant.frameworkId).sort()).toEqual(["one", "one", "two", "two"]);
  });
});

describe("filters", () => {
  function declined(seconds: number): { allocator: Allocator; grant: Grant } {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:4;mem:4000"), [], 0);
    allocator.addFramework("picky", framework(), true, 0);
    const grant = allocator.allocate(0)[0] as Grant;
    giveBack(allocator, grant, 0, seconds);
    return { allocator, grant };
  }

  it("mesos.md§8#25 a declined agent is not offered again until the filter ends, and others get it", () => {
    const { allocator } = declined(30);
    expect(allocator.allocate(1000)).toEqual([]);
    expect(allocator.allocate(29_999)).toEqual([]);
    expect(allocator.wakeAt()).toBeGreaterThanOrEqual(30_000);
    expect(allocator.allocate(30_999)).toHaveLength(1);
    const other = declined(30).allocator;
    other.addFramework("hungry", framework(), true, 100);
    expect(other.allocate(100).map((grant) => grant.frameworkId)).toEqual(["hungry"]);
  });

  it("mesos.md§8#26 more than was refused breaks through the filter", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:4;mem:4000"), [], 0);
    allocator.addFramework("one", framework(), true, 0);
    const grant = allocator.allocate(0)[0] as Grant;
    const used = { ...grant, resources: text("cpus:3;mem:3000") };
    allocator.recover({ ...grant, resources: text("cpus:1;mem:1000") }, 0, 600);
    expect(allocator.allocate(1000)).toEqual([]);
    allocator.recover(used, 1500);
    expect(allocator.allocate(2000).map(({ resources }) => String(resources))).toEqual([
      String(text("cpus:4;mem:4000")),
    ]);
  });

  it.each([
    [0, 1000],
    [-1, 1000],
    [Number.NaN, 1000],
    [0.001, 1001],
  ])("mesos.md§8#27 a refusal of %s seconds is over after one interval", (seconds, now) => {
    expect(declined(seconds).allocator.allocate(now)).toHaveLength(1);
  });

  it("mesos.md§8#27 a refusal of 1e12 seconds lasts a year", () => {
    const { allocator } = declined(1e12);
    expect(allocator.allocate(364 * 86_400_000)).toEqual([]);
    expect(allocator.allocate(366 * 86_400_000)).toHaveLength(1);
  });

  it("mesos.md§8#28 nothing is offered while suppressed, and at once after a revive, whatever was refused", () => {
    const { allocator } = declined(3600);
    expect(allocator.suppress("picky", [], 100)).toBe(true);
    expect(allocator.allocate(1000)).toEqual([]);
    expect(allocator.revive("picky", [], 1200)).toBe(true);
    expect(allocator.wakeAt()).toBe(1200);
    expect(allocator.allocate(1200)).toHaveLength(1);
    expect(allocator.revive("picky", ["other"], 1300)).toBe(false);
  });

  it("end when the framework disconnects or the agent's attributes change", () => {
    const one = declined(3600).allocator;
    one.setFrameworkConnected("picky", false, 10);
    one.setFrameworkConnected("picky", true, 20);
    expect(one.allocate(20)).toHaveLength(1);
    const other = declined(3600).allocator;
    other.updateAgent("agent", text("cpus:4;mem:4000"), 10);
    expect(other.allocate(1000)).toHaveLength(1);
  });
});

describe("what is offered", () => {
  it("leftovers below every minimum are kept, unless the framework lowers its own", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:0.005;mem:16"), [], 0);
    allocator.addFramework("usual", framework(), true, 0);
    expect(allocator.allocate(0)).toEqual([]);
    allocator.addFramework("modest", framework(["*"], { minimums: new Map([["*", []]]) }), true, 10);
    expect(allocator.allocate(10).map((grant) => grant.frameworkId)).toEqual(["modest"]);
  });

  it("what is reserved for a role goes to it and to the roles below it only", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus(web):2;mem(web):2000"), [], 0);
    allocator.addFramework("other", framework(["db"]), true, 0);
    expect(allocator.allocate(0)).toEqual([]);
    allocator.addFramework("child", framework(["web/api"]), true, 10);
    expect(allocator.allocate(10).map((grant) => grant.frameworkId)).toEqual(["child"]);
  });

  it("one agent goes to several frameworks when reservations split it", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus(web):2;mem(web):2000;cpus:1;mem:1000"), [], 0);
    allocator.addFramework("web", framework(["web"]), true, 0);
    allocator.addFramework("db", framework(["db"]), true, 0);
    const grants = allocator.allocate(0);
    expect(Resources.sum(grants.map(({ resources }) => resources)).scalarMillis("cpus")).toBe(3000);
  });

  it("agents with GPUs are kept for those who ask", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:2;mem:2000;gpus:1"), [], 0);
    allocator.addFramework("plain", framework(), true, 0);
    expect(allocator.allocate(0)).toEqual([]);
    expect(allocator.explain("plain")).toMatchObject([{ verdicts: [{ cause: "gpus" }] }]);
    allocator.addFramework(
      "able",
      framework(["*"], { capabilities: new Set<Capability>(["GPU_RESOURCES"]) }),
      true,
      1,
    );
    expect(allocator.allocate(1)).toHaveLength(1);
  });

  it("inactive agents and disconnected frameworks take no part", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:2;mem:2000"), [], 0);
    allocator.addFramework("one", framework(), false, 0);
    expect(allocator.allocate(0)).toEqual([]);
    allocator.setFrameworkConnected("one", true, 1);
    allocator.setAgentActive("agent", false, 1);
    expect(allocator.allocate(1)).toEqual([]);
    allocator.setAgentActive("agent", true, 2);
    expect(allocator.allocate(2)).toHaveLength(1);
  });

  it("an agent's holdings count for frameworks that subscribe later", () => {
    const allocator = newAllocator();
    const holding = { frameworkId: "late", role: "*", agentId: "agent", resources: text("cpus:1;mem:500") };
    allocator.addAgent("agent", text("cpus:2;mem:2000"), [holding], 0);
    allocator.addFramework("late", framework(), true, 0);
    expect(allocator.allocate(0).map(({ resources }) => String(resources))).toEqual(["cpus:1; mem:1500"]);
    expect(allocator.check()).toEqual([]);
  });

  it("asks for no run when nothing changed", () => {
    const allocator = newAllocator();
    allocator.addAgent("agent", text("cpus:2;mem:2000"), [], 0);
    allocator.addFramework("one", framework(), true, 0);
    allocator.allocate(0);
    expect(allocator.wakeAt()).toBeUndefined();
  });
});

describe("any history", () => {
  type Step = {
    readonly kind: string;
    readonly which: number;
    readonly agent: number;
    readonly seconds: number;
  };
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom(
        "allocate",
        "return",
        "keepPart",
        "suppress",
        "revive",
        "addAgent",
        "removeAgent",
        "disconnect",
        "connect",
        "remove",
        "add",
      ),
      which: fc.nat(3),
      agent: fc.nat(4),
      seconds: fc.constantFrom(0, 1, 5, 100),
    }),
    { maxLength: 80 },
  );

  it("never gives the same resource twice", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (history: readonly Step[], seed) => {
        const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(seed));
        const roles = ["*", "a", "a/b", "c"];
        let out: Grant[] = [];
        let now = 0;
        for (const { kind, which, agent, seconds } of history) {
          now += 700;
          const id = `f${which}`;
          const first = out[0];
          if (kind === "allocate") out.push(...allocator.allocate(now));
          else if (kind === "return" && first !== undefined) {
            out = out.slice(1);
            allocator.recover(first, now, seconds);
          } else if (kind === "keepPart" && first !== undefined) {
            const part = text("cpus:1;mem:100");
            if (first.resources.contains(part)) {
              allocator.recover({ ...first, resources: part }, now, seconds);
              out[0] = { ...first, resources: first.resources.minus(part) };
            }
          } else if (kind === "suppress") allocator.suppress(id, [], now);
          else if (kind === "revive") allocator.revive(id, [], now);
          else if (kind === "disconnect" || kind === "connect")
            allocator.setFrameworkConnected(id, kind === "connect", now);
          else if (kind === "add") {
            allocator.removeFramework(id, now);
            out = out.filter((grant) => grant.frameworkId !== id);
            allocator.addFramework(id, framework([roles[which] as string]), true, now);
          } else if (kind === "remove") {
            allocator.removeFramework(id, now);
            out = out.filter((grant) => grant.frameworkId !== id);
          } else if (kind === "addAgent" || kind === "removeAgent") {
            allocator.removeAgent(`s${agent}`);
            out = out.filter((grant) => grant.agentId !== `s${agent}`);
            if (kind === "addAgent")
              allocator.addAgent(`s${agent}`, text("cpus:4;mem:4000;ports:[1-100]"), [], now);
          }
          expect(allocator.check()).toEqual([]);
        }
        out.push(...allocator.allocate(now + 1_000_000));
        expect(allocator.check()).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
