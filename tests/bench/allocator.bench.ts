import { parseResourcesText, Resources } from "#domain/resources/index.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { Allocator, defaultAllocatorPolicy, type Grant } from "../../src/kernel/allocator/index.ts";
import { type Benchmark, measure } from "./frame.ts";

const total = parseResourcesText("cpus:64;mem:262144;disk:1000000;ports:[31000-32000]");
const used = parseResourcesText("cpus:1;mem:1024");

/** A full allocator whose every agent is partly used by some framework. */
function prepared(
  agents: number,
  frameworks: number,
): { readonly allocator: Allocator; readonly grants: readonly Grant[] } {
  const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(3));
  for (let index = 0; index < frameworks; index += 1) {
    const roles = [`role-${index % 50}`];
    allocator.addFramework(
      `framework-${index}`,
      { roles, suppressedRoles: [], capabilities: new Set(), minimums: new Map() },
      true,
      0,
    );
  }
  for (let index = 0; index < agents; index += 1) allocator.addAgent(`agent-${index}`, total, [], 0);
  const grants = allocator.allocate(0);
  for (const grant of grants) allocator.recover({ ...grant, resources: grant.resources.minus(used) }, 1);
  return { allocator, grants };
}

function fullCycle(frameworks: number): Benchmark {
  return {
    name: `allocator-cycle-${frameworks}`,
    operation: `one agent offered, in a run over all of them by ${frameworks} frameworks in 50 roles`,
    target: frameworks === 1000 ? "≤ 1 s for 50,000 agents" : "-",
    sizes: [1_000, 10_000, 50_000],
    isInProcess: true,
    run: async (agents) => {
      const { allocator } = prepared(agents, frameworks);
      let made = 0;
      return measure(
        agents,
        agents,
        () => {
          made = allocator.allocate(2_000).length;
        },
        () => ({ grants: made }),
      );
    },
  };
}

const oneChange: Benchmark = {
  name: "allocator-one-agent-changed",
  operation: "a run after one agent of all got resources back, 1,000 frameworks",
  target: "< 5 ms",
  sizes: [1_000, 10_000, 50_000],
  isInProcess: true,
  run: async (agents) => {
    const { allocator } = prepared(agents, 1_000);
    const held = [...allocator.allocate(2_000)];
    const rounds = 200;
    let now = 3_000;
    let made = 0;
    return measure(
      agents,
      rounds,
      () => {
        for (let round = 0; round < rounds; round += 1) {
          const grant = held[round] as Grant;
          allocator.recover(grant, now);
          now += 1_000;
          made += allocator.allocate(now).length;
        }
      },
      () => ({ grants: made }),
    );
  },
};

const declines: Benchmark = {
  name: "allocator-decline-storm",
  operation: "one offer declined with a filter, until nobody wants anything, 50 frameworks",
  target: "-",
  sizes: [500, 1_000, 2_000],
  isInProcess: true,
  run: async (agents) => {
    const allocator = new Allocator(defaultAllocatorPolicy, seededRandom(3));
    for (let index = 0; index < 50; index += 1) {
      allocator.addFramework(
        `framework-${index}`,
        { roles: [`role-${index}`], suppressedRoles: [], capabilities: new Set(), minimums: new Map() },
        true,
        0,
      );
    }
    for (let index = 0; index < agents; index += 1) allocator.addAgent(`agent-${index}`, total, [], 0);
    return measure(agents, agents * 50, () => {
      for (let now = 0; ; now += 1_000) {
        const grants = allocator.allocate(now);
        if (grants.length === 0) return;
        for (const grant of grants) allocator.recover(grant, now, 86_400);
      }
    });
  },
};

const arithmetic: Benchmark = {
  name: "resources-arithmetic",
  operation: "one sum and one difference of resources with n port ranges",
  target: "-",
  sizes: [1, 10, 100],
  isInProcess: true,
  run: async (ranges) => {
    const text = Array.from(
      { length: ranges },
      (_, index) => `${31_000 + index * 10}-${31_004 + index * 10}`,
    ).join(",");
    const one = parseResourcesText(`cpus:4;mem:4096;ports:[${text}]`);
    const other = parseResourcesText("cpus:1;mem:64;ports:[31001-31002]");
    const rounds = 20_000;
    let left = Resources.empty;
    return measure(
      ranges,
      rounds,
      () => {
        for (let round = 0; round < rounds; round += 1) left = one.minus(other).plus(other);
      },
      () => ({ entries: left.entries.length }),
    );
  },
};

export const benchmarks: readonly Benchmark[] = [
  fullCycle(100),
  fullCycle(1_000),
  oneChange,
  declines,
  arithmetic,
];
