/** What a benchmark is, and how its figures are made and printed. */
import { cpuUsage, memoryUsage } from "node:process";

export interface Figure {
  /** What was counted, for the slope: cost over size. */
  readonly size: number;
  readonly operations: number;
  /** CPU of everything that took part, per operation. */
  readonly cpuMicros: number;
  readonly wallSeconds: number;
  readonly rssMib: number;
  /** Further figures of this benchmark, each with its unit in the name. */
  readonly more?: Readonly<Record<string, number>>;
}

export interface Benchmark {
  readonly name: string;
  /** What one operation is. */
  readonly operation: string;
  readonly target: string;
  readonly sizes: readonly number[];
  /** In one process, so that its smallest size can run in every test. */
  readonly isInProcess: boolean;
  /** Runs only when it is asked for by name. */
  readonly isNamedOnly?: boolean;
  run(size: number): Promise<Figure>;
}

/** Measures a function of this process. */
export async function measure(
  size: number,
  operations: number,
  work: () => void | Promise<void>,
  more: () => Readonly<Record<string, number>> = () => ({}),
): Promise<Figure> {
  const cpu = cpuUsage();
  const started = performance.now();
  await work();
  const wallSeconds = (performance.now() - started) / 1000;
  const { user, system } = cpuUsage(cpu);
  return {
    size,
    operations,
    cpuMicros: (user + system) / operations,
    wallSeconds,
    rssMib: memoryUsage().rss / 1_048_576,
    more: more(),
  };
}

/** A benchmark in this process; at its smallest it runs once before, for the compiler. */
export function warmed(
  name: string,
  operation: string,
  target: string,
  run: (size: number) => Promise<Figure>,
  sizes: readonly number[] = [100, 1_000, 10_000],
): Benchmark {
  return {
    name,
    operation,
    target,
    sizes,
    isInProcess: true,
    run: async (size) => {
      await run(50);
      return run(size);
    },
  };
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** Exponent of cost per operation over size: 0 stays the same, 1 grows with the size. */
export function slopeOf(figures: readonly Figure[]): number {
  const points = figures.map(({ size, cpuMicros }) => [Math.log(size), Math.log(cpuMicros)] as const);
  const mean = (pick: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const x = mean(([first]) => first);
  const y = mean(([, second]) => second);
  const up = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const down = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return down === 0 ? Number.NaN : up / down;
}

const short = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

export function render({ name, operation, target }: Benchmark, figures: readonly Figure[]): string {
  const rows = figures.map(({ size, operations, cpuMicros, wallSeconds, rssMib, more = {} }) => {
    const extra = Object.entries(more).map(([key, value]) => `${key} ${short(value)}`);
    return `  ${String(size).padStart(8)}  ${String(operations).padStart(8)} ops  ${short(cpuMicros).padStart(9)} µs CPU/op  ${short(wallSeconds).padStart(7)} s  ${Number.isNaN(rssMib) ? "" : `${short(rssMib).padStart(6)} MiB`}  ${extra.join("  ")}`;
  });
  const slope = figures.length > 1 ? `slope ${slopeOf(figures).toFixed(2)}` : "";
  return [`${name}: one operation is ${operation}; target ${target}; ${slope}`, ...rows].join("\n");
}
