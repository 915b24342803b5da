import { benchmarks as allocator } from "./allocator.bench.ts";
import { benchmarks as cluster } from "./cluster.bench.ts";
import { benchmarks as door } from "./door.bench.ts";
import { benchmarks as events } from "./events.bench.ts";
import type { Benchmark } from "./frame.ts";
import { benchmarks as groups } from "./groups.bench.ts";
import { benchmarks as jobs } from "./jobs.bench.ts";
import { benchmarks as lists } from "./lists.bench.ts";
import { benchmarks as master } from "./master.bench.ts";
import { benchmarks as million } from "./million.bench.ts";
import { benchmarks as peers } from "./peers.bench.ts";
import { benchmarks as placements } from "./placements.bench.ts";
import { benchmarks as quota } from "./quota.bench.ts";
import { benchmarks as reads } from "./reads.bench.ts";
import { benchmarks as registry } from "./registry.bench.ts";
import { benchmarks as services } from "./services.bench.ts";
import { benchmarks as servicesProcesses } from "./services-processes.bench.ts";
import { benchmarks as state } from "./state.bench.ts";
import { benchmarks as updates } from "./updates.bench.ts";

export const benchmarks: readonly Benchmark[] = [
  ...allocator,
  ...quota,
  ...placements,
  ...lists,
  ...master,
  ...million,
  ...registry,
  ...state,
  ...groups,
  ...services,
  ...servicesProcesses,
  ...reads,
  ...events,
  ...jobs,
  ...updates,
  ...cluster,
  ...door,
  ...peers,
];
