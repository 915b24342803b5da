/** The shapes in which Mesos measures its allocator with quota, suppression and updates, at three sizes each. */
import { parseResourcesText } from "#domain/resources/index.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { Allocator, defaultAllocatorPolicy, type Quota } from "../../src/kernel/allocator/index.ts";
import { type Benchmark, measure } from "./frame.ts";

const large = parseResourcesText("cpus:64;mem:488000;disk:1000000;ports:[31000-32000]");
const description = (role: string, suppressed = false) => ({
  roles: [role],
  suppressedRoles: suppressed ? [role] : [],
  capabilities: new Set<never>(),
  minimums: new Map(),
});
const quotaOf = (cpus: number, memMib: number): Quota => {
  const millis = new Map([
    ["cpus", cpus * 1000],
    ["mem", memMib * 1000],
  ]);
  return { guarantees: millis, limits: millis };
};

/** As many agents as roles; five of six roles have a small quota, the sixth a large one. */
const largeAndSmallQuota: Benchmark = {
  name: "allocator-quota-large-and-small",
  operation: "one agent offered, all roles with quota, five of six of them small",
  target: "Mesos: 15 s a cycle of 3,000 agents",
  sizes: [30, 300, 3_000],
  isInProcess: true,
  run: async (roles) => {
    const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(3));
    for (let index = 0; index < roles; index += 1) {
      const role = `role-${index}`;
      allocator.setQuota(role, index % 6 === 0 ? quotaOf(100, 600_000) : quotaOf(10, 60_000), 0);
      allocator.addFramework(`framework-${index}`, description(role), true, 0);
    }
    for (let index = 0; index < roles; index += 1) allocator.addAgent(`agent-${index}`, large, [], 0);
    let made = 0;
    return measure(
      roles,
      roles,
      () => {
        made = allocator.allocate(0).length;
      },
      () => ({ grants: made }),
    );
  },
};

/** A run after one agent changed, while most of the cluster is kept free for a guarantee. */
const heldBack: Benchmark = {
  name: "allocator-quota-held-back",
  operation: "a run after one agent got something back, half of the cluster kept free for a guarantee",
  target: "< 5 ms at 50,000 agents",
  sizes: [1_000, 10_000, 50_000],
  isInProcess: true,
  run: async (agents) => {
    const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(3));
    allocator.setQuota("absent", quotaOf(32 * agents, 244_000 * agents), 0);
    for (let index = 0; index < 1_000; index += 1)
      allocator.addFramework(`framework-${index}`, description(`role-${index % 50}`), true, 0);
    for (let index = 0; index < agents; index += 1) allocator.addAgent(`agent-${index}`, large, [], 0);
    const grants = allocator.allocate(0);
    const rounds = 20;
    let now = 1_000;
    let made = 0;
    return measure(
      agents,
      rounds,
      () => {
        for (const grant of grants.slice(0, rounds)) {
          allocator.recover(grant, now);
          now += 1_000;
          made += allocator.allocate(now).length;
        }
      },
      () => ({ grants: made }),
    );
  },
};

const noneVersusQuota = (hasQuota: boolean): Benchmark => ({
  name: hasQuota ? "allocator-roles-with-quota" : "allocator-roles-without-quota",
  operation: `one agent offered, two frameworks a role, two agents a role, ${hasQuota ? "quota on each" : "no quota"}`,
  target: "-",
  sizes: [10, 100, 1_000],
  isInProcess: true,
  run: async (roles) => {
    const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(3));
    for (let index = 0; index < roles * 2; index += 1) {
      const role = `role-${index % roles}`;
      if (hasQuota) allocator.setQuota(role, quotaOf(64, 488_000), 0);
      allocator.addFramework(`framework-${index}`, description(role), true, 0);
    }
    for (let index = 0; index < roles * 2; index += 1) allocator.addAgent(`agent-${index}`, large, [], 0);
    return measure(roles, roles * 2, () => void allocator.allocate(0));
  },
});

const suppressed: Benchmark = {
  name: "allocator-suppressed",
  operation: "one agent offered, 99 of 100 frameworks suppressed, 1,000 frameworks",
  target: "-",
  sizes: [1_000, 5_000, 20_000],
  isInProcess: true,
  run: async (agents) => {
    const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(3));
    for (let index = 0; index < 1_000; index += 1)
      allocator.addFramework(
        `framework-${index}`,
        description(`role-${index % 50}`, index % 100 !== 0),
        true,
        0,
      );
    for (let index = 0; index < agents; index += 1) allocator.addAgent(`agent-${index}`, large, [], 0);
    return measure(agents, agents, () => void allocator.allocate(0));
  },
};

/** Adding agents, then telling each with other resources. */
const addAndUpdate: Benchmark = {
  name: "allocator-add-and-update",
  operation: "one agent added and told once more with other resources, 1,000 frameworks",
  target: "-",
  sizes: [1_000, 5_000, 20_000],
  isInProcess: true,
  run: async (agents) => {
    const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(3));
    for (let index = 0; index < 1_000; index += 1)
      allocator.addFramework(`framework-${index}`, description(`role-${index % 50}`), true, 0);
    const more = parseResourcesText("cpus:65;mem:488000;disk:1000000;ports:[31000-32000]");
    return measure(agents, agents, () => {
      for (let index = 0; index < agents; index += 1) allocator.addAgent(`agent-${index}`, large, [], 0);
      for (let index = 0; index < agents; index += 1) allocator.updateAgent(`agent-${index}`, more, 0);
    });
  },
};

export const benchmarks: readonly Benchmark[] = [
  largeAndSmallQuota,
  heldBack,
  noneVersusQuota(false),
  noneVersusQuota(true),
  suppressed,
  addAndUpdate,
];
