import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseResourcesText, Resources } from "#domain/resources/index.ts";
import { seededRandom } from "#foundation/base/random.ts";
import {
  Allocator,
  type Capability,
  defaultAllocatorPolicy,
  type FrameworkDescription,
  type Grant,
  type Quota,
} from "./index.ts";

const text = parseResourcesText;

function framework(role: string, more: Partial<FrameworkDescription> = {}): FrameworkDescription {
  return {
    roles: [role],
    suppressedRoles: [],
    capabilities: new Set<Capability>(),
    minimums: new Map(),
    ...more,
  };
}

const millis = (quantities: Readonly<Record<string, number>>): ReadonlyMap<string, number> =>
  new Map(Object.entries(quantities).map(([name, value]) => [name, value * 1000]));

function quota(
  guarantees: Readonly<Record<string, number>>,
  limits: Readonly<Record<string, number>> = {},
): Quota {
  return { guarantees: millis(guarantees), limits: millis(limits) };
}

function newAllocator(agents: readonly string[] = [], seed = 1): Allocator {
  const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(seed));
  for (const [index, total] of agents.entries()) allocator.addAgent(`s${index}`, text(total), [], 0);
  return allocator;
}

const four = (total: string): readonly string[] => [total, total, total, total];

const sumOf = (grants: readonly Grant[], role: string): Resources =>
  Resources.sum(grants.filter((grant) => grant.role === role).map(({ resources }) => resources));

describe("a guarantee", () => {
  it("mesos.md§8#77 goes to its role first, however little others have", () => {
    const allocator = newAllocator(four("cpus:2;mem:1000"));
    allocator.addFramework("hungry", framework("hungry"), true, 0);
    allocator.addFramework("sure", framework("sure"), true, 0);
    allocator.setQuota("sure", quota({ cpus: 6, mem: 3000 }), 0);
    // It already has more than the other, whose turn it would be by fair share.
    const grants = allocator.allocate(0);
    expect(sumOf(grants, "sure").scalarMillis("cpus")).toBe(6000);
    expect(sumOf(grants, "hungry").scalarMillis("cpus")).toBe(2000);
    expect(allocator.check()).toEqual([]);
  });

  it("mesos.md§8#77 is kept free while its role has no framework", () => {
    const allocator = newAllocator(four("cpus:2;mem:1000"));
    allocator.addFramework("hungry", framework("hungry"), true, 0);
    allocator.setQuota("later", quota({ cpus: 4 }), 0);
    const first = allocator.allocate(0);
    expect(sumOf(first, "hungry").scalarMillis("cpus")).toBe(4000);
    expect(allocator.allocate(5000)).toEqual([]);
    allocator.addFramework("late", framework("later"), true, 6000);
    const second = allocator.allocate(6000);
    expect(sumOf(second, "later").scalarMillis("cpus")).toBe(4000);
  });

  it("counts what is reserved for the role, used or not, and what roles below it have", () => {
    const allocator = newAllocator(["cpus(sure):3;mem(sure):100;cpus:4;mem:4000"]);
    allocator.setQuota("sure", quota({ cpus: 4 }), 0);
    allocator.addFramework("hungry", framework("hungry"), true, 0);
    expect(sumOf(allocator.allocate(0), "hungry").scalarMillis("cpus")).toBe(3000);
    expect(allocator.quota.consumedBy("sure").get("cpus")).toBe(3000);
    allocator.addFramework("child", framework("sure/child"), true, 1000);
    expect(sumOf(allocator.allocate(1000), "sure/child").scalarMillis("cpus")).toBe(4000);
    expect(allocator.quota.consumedBy("sure").get("cpus")).toBe(4000);
  });

  it("that nobody could use any more is offered to others at the next batch", () => {
    const allocator = newAllocator(["cpus:4;mem:4000"]);
    allocator.setQuota("gone", quota({ cpus: 4, mem: 4000 }), 0);
    allocator.addFramework("hungry", framework("hungry"), true, 0);
    expect(allocator.allocate(0)).toEqual([]);
    allocator.setQuota("gone", quota({}), 500);
    expect(allocator.wakeAt()).toBe(1000);
    expect(sumOf(allocator.allocate(1000), "hungry").scalarMillis("cpus")).toBe(4000);
  });

  it("that keeps everything costs no runs while nothing changes", () => {
    const allocator = newAllocator(four("cpus:2;mem:1000"));
    allocator.setQuota("later", quota({ cpus: 8, mem: 4000 }), 0);
    allocator.addFramework("hungry", framework("hungry"), true, 0);
    expect(allocator.allocate(0)).toEqual([]);
    for (let now = 1000; now < 5000 && allocator.wakeAt() !== undefined; now += 1000) allocator.allocate(now);
    expect(allocator.wakeAt()).toBeUndefined();
  });

  it("leaves to others what an agent that is away would have", () => {
    const allocator = newAllocator(["cpus:4;mem:4000", "cpus:4;mem:4000"]);
    allocator.setQuota("later", quota({ cpus: 4 }), 0);
    allocator.setAgentActive("s1", false, 0);
    allocator.addFramework("hungry", framework("hungry"), true, 0);
    expect(sumOf(allocator.allocate(0), "hungry").scalarMillis("cpus")).toBe(0);
    allocator.setAgentActive("s1", true, 1000);
    expect(sumOf(allocator.allocate(1000), "hungry").scalarMillis("cpus")).toBe(4000);
  });
});

describe("a limit", () => {
  it("mesos.md§8#78 cuts offers, and what is offered counts", () => {
    const allocator = newAllocator(four("cpus:2;mem:1000"));
    allocator.setQuota("small", quota({}, { cpus: 3 }), 0);
    allocator.addFramework("small", framework("small"), true, 0);
    const grants = allocator.allocate(0);
    expect(sumOf(grants, "small").scalarMillis("cpus")).toBe(3000);
    // A quantity without a limit is not bounded.
    expect(sumOf(grants, "small").scalarMillis("mem")).toBe(4_000_000);
    expect(allocator.allocate(5000)).toEqual([]);
  });

  it("mesos.md§8#78 is for the role and all below it together", () => {
    const allocator = newAllocator(four("cpus:2;mem:1000"));
    allocator.setQuota("a", quota({}, { cpus: 3, mem: 2500 }), 0);
    for (const role of ["a", "a/x", "a/y"]) allocator.addFramework(role, framework(role), true, 0);
    const grants = allocator.allocate(0);
    expect(Resources.sum(grants.map(({ resources }) => resources)).scalarMillis("cpus")).toBe(3000);
  });

  it("of all quantities leaves nothing but what is no quantity, which is offered with something only", () => {
    const allocator = newAllocator(["cpus:2;mem:1000;ports:[1-10]"]);
    allocator.setQuota("none", quota({}, { cpus: 0, mem: 0 }), 0);
    allocator.addFramework("none", framework("none"), true, 0);
    expect(allocator.allocate(0)).toEqual([]);
    expect(allocator.explain("none")).toMatchObject([{ verdicts: [{ cause: "limit" }] }]);
  });

  it("leaves room again when something comes back, on any agent", () => {
    const allocator = newAllocator(["cpus:2;mem:1000", "cpus:2;mem:1000"]);
    allocator.setQuota("small", quota({}, { cpus: 2, mem: 1000 }), 0);
    allocator.addFramework("small", framework("small"), true, 0);
    const [grant] = allocator.allocate(0);
    const other = grant?.agentId === "s0" ? "s1" : "s0";
    allocator.setAgentActive(grant?.agentId ?? "", false, 100);
    allocator.recover(grant as Grant, 100);
    expect(allocator.allocate(1000)).toMatchObject([{ agentId: other, role: "small" }]);
  });

  it("does not bound what is reserved for the role", () => {
    const allocator = newAllocator(["cpus(small):4;mem(small):1000;cpus:4;mem:1000"]);
    allocator.setQuota("small", quota({}, { cpus: 2, mem: 0 }), 0);
    allocator.addFramework("small", framework("small"), true, 0);
    expect(sumOf(allocator.allocate(0), "small").scalarMillis("cpus")).toBe(4000);
  });
});

describe("after a failover", () => {
  it("mesos.md§8#79 nothing is offered before enough agents are back, or the time is over", () => {
    const back = newAllocator();
    back.pause(2, 600_000);
    back.addFramework("one", framework("*"), true, 0);
    back.addAgent("s0", text("cpus:1;mem:100"), [], 10);
    expect(back.allocate(10)).toEqual([]);
    expect(back.wakeAt()).toBe(600_000);
    back.addAgent("s1", text("cpus:1;mem:100"), [], 20);
    expect(back.wakeAt()).toBeLessThanOrEqual(20);
    expect(back.allocate(20)).toHaveLength(2);
    const late = newAllocator();
    late.pause(2, 600_000);
    late.addFramework("one", framework("*"), true, 0);
    late.addAgent("s0", text("cpus:1;mem:100"), [], 10);
    expect(late.allocate(599_999)).toEqual([]);
    expect(late.allocate(600_000)).toHaveLength(1);
  });
});

describe("any history with quota", () => {
  const roles = ["a", "a/b", "c", "d"];
  const step = fc.record({
    kind: fc.constantFrom("run", "return", "keepPart", "addAgent", "removeAgent", "away", "back", "quota"),
    which: fc.nat(3),
    amount: fc.nat(12),
    limit: fc.nat(12),
  });

  it("keeps to limits, keeps guarantees free, and counts as a naive sum does", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (history, seed) => {
        const allocator = newAllocator([], seed);
        for (const [index, role] of roles.entries())
          allocator.addFramework(`f${index}`, framework(role), true, 0);
        const quotas = new Map<string, Quota>();
        const agents = new Map<string, boolean>();
        let out: Grant[] = [];
        let now = 0;
        for (const { kind, which, amount, limit } of history) {
          now += 1000;
          const id = `s${which}`;
          const first = out[0];
          if (kind === "return" && first !== undefined) {
            out = out.slice(1);
            allocator.recover(first, now);
          } else if (kind === "keepPart" && first !== undefined) {
            const part = text("cpus:1;mem:100");
            if (first.resources.contains(part)) {
              allocator.recover({ ...first, resources: part }, now, 100);
              out[0] = { ...first, resources: first.resources.minus(part) };
            }
          } else if (kind === "addAgent" && !agents.has(id)) {
            agents.set(id, true);
            const total = which === 3 ? "cpus:2;mem:500;cpus(a):2;mem(a):300" : "cpus:4;mem:1000;ports:[1-9]";
            allocator.addAgent(id, text(total), [], now);
          } else if (kind === "removeAgent" && agents.delete(id)) {
            allocator.removeAgent(id);
            out = out.filter(({ agentId }) => agentId !== id);
          } else if ((kind === "away" || kind === "back") && agents.has(id)) {
            agents.set(id, kind === "back");
            allocator.setAgentActive(id, kind === "back", now);
          } else if (kind === "quota") {
            const role = ["a", "c", "d", "a"][which] as string;
            const value = quota({ cpus: Math.min(amount, limit) }, amount % 3 === 0 ? {} : { cpus: limit });
            quotas.set(role, value);
            allocator.setQuota(role, value, now);
          } else if (kind === "run") {
            const before = naive(quotas, out, agents);
            const grants = allocator.allocate(now);
            out.push(...grants);
            const after = naive(quotas, out, agents);
            for (const [role, { limits }] of quotas) {
              const consumed = after.consumed(role);
              if (limits.has("cpus") && grants.some((grant) => topOf(grant.role) === role))
                expect(consumed).toBeLessThanOrEqual(
                  Math.max(limits.get("cpus") ?? 0, before.consumed(role)),
                );
            }
            // What guarantees lack stays free, as far as it was.
            expect(after.free - after.lack).toBeGreaterThanOrEqual(Math.min(0, before.free - before.lack));
            // A run looks only at what changed, and still misses nothing that can be offered.
            for (const index of roles.keys())
              expect(causesOf(allocator, `f${index}`)).not.toContain("offerable");
          }
          expect(allocator.check()).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

const causesOf = (allocator: Allocator, frameworkId: string): readonly string[] =>
  allocator.explain(frameworkId).flatMap(({ verdicts }) => verdicts.map(({ cause }) => cause));

const topOf = (role: string): string => role.split("/")[0] as string;

/** Sums of cpus in thousandths, counted anew from what is out. */
function naive(
  quotas: ReadonlyMap<string, Quota>,
  out: readonly Grant[],
  agents: ReadonlyMap<string, boolean>,
): { readonly free: number; readonly lack: number; consumed(role: string): number } {
  const ordinary = (grant: Grant): number => grant.resources.unreserved().scalarMillis("cpus");
  const consumed = (role: string): number =>
    out.reduce((sum, grant) => sum + (topOf(grant.role) === role ? ordinary(grant) : 0), 0) +
    (role === "a" && agents.has("s3") ? 2000 : 0);
  let free = 0;
  for (const [agentId, active] of agents) {
    if (!active) continue;
    const held = out.reduce((sum, grant) => sum + (grant.agentId === agentId ? ordinary(grant) : 0), 0);
    free += (agentId === "s3" ? 2000 : 4000) - held;
  }
  let lack = 0;
  for (const [role, { guarantees }] of quotas)
    lack += Math.max(0, (guarantees.get("cpus") ?? 0) - consumed(role));
  return { free, lack, consumed };
}
