import type { GroupTree } from "#domain/definitions/group.ts";
import { anApp } from "../../src/frameworks/services/core/testing/builders.ts";
import { type Benchmark, type Figure, measure } from "./frame.ts";
import { ServicesBench } from "./services-bench.ts";

/** Apps of a group lie in so many groups, of which the second half depends on the first. */
const groups = 10;
const groupId = "/many";

function treeOf(apps: number, cmd: string): GroupTree {
  const path = (group: number): string => `${groupId}/g${group}`;
  return {
    id: groupId,
    groups: Array.from({ length: groups }, (_, group) => ({
      id: path(group),
      dependencies: group < groups / 2 ? [] : [path(group - groups / 2)],
      apps: Array.from({ length: Math.ceil(apps / groups) }, (_each, index) =>
        anApp({ id: `${path(group)}/a${index}`, cmd, cpus: 0.01, mem: 8 }),
      ),
    })),
  };
}

async function deploy(apps: number): Promise<Figure> {
  const bench = new ServicesBench();
  return measure(apps, apps, () => {
    bench.defineGroup(treeOf(apps, "one"));
    bench.settle();
  });
}

async function update(apps: number): Promise<Figure> {
  const bench = new ServicesBench();
  bench.defineGroup(treeOf(apps, "one"));
  bench.settle();
  return measure(apps, apps, () => {
    bench.defineGroup(treeOf(apps, "two"));
    bench.settle();
  });
}

async function changeOne(apps: number): Promise<Figure> {
  const bench = new ServicesBench();
  bench.defineGroup(treeOf(apps, "one"));
  bench.settle();
  const changes = 2_000;
  return measure(apps, changes, () => {
    for (let change = 0; change < changes; change += 1) {
      bench.scale(`${groupId}/g0/a${change % 10}`, 2 + (change % 2));
      bench.settle();
    }
  });
}

const sizes = [300, 1_000, 3_000, 10_000];

function benchmark(name: string, operation: string, run: (apps: number) => Promise<Figure>): Benchmark {
  return {
    name,
    operation,
    target: "a slope of at most 0.2: what a change costs is what it changes",
    sizes,
    isInProcess: true,
    run: async (apps) => {
      // Once for the compiler.
      await run(100);
      return run(apps);
    },
  };
}

export const benchmarks: readonly Benchmark[] = [
  benchmark(
    "group-deploy",
    "one app of a new group, of ten groups depending in pairs, until it runs",
    deploy,
  ),
  benchmark("group-update", "one app of a group given another command, until its new task runs", update),
  benchmark("group-change-one", "one app of a large group scaled, until it runs", changeOne),
];
