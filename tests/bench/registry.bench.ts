/** The registry: records made durable one after the other and many at once, read back at a start; beside what the disk can do. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Write } from "#foundation/base/core.ts";
import { openEmbeddedStore, type Store } from "#foundation/store/index.ts";
import { type Benchmark, type Figure, measure, percentile } from "./frame.ts";

const serialWrites = 300;
const groupedWrites = 20_000;
/** Commits under way at the same time. */
const atOnce = 500;
const recordsPerCommit = 500;

/** As large as the record of an agent. */
const record = (index: number): Write => ({
  kind: "put",
  key: `agents/bench-S${index}`,
  value: {
    format: 1,
    id: `bench-S${index}`,
    hostname: `host-${index}`,
    at: 1_700_000_000_000,
    note: "x".repeat(300),
  },
});

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "keelson-registry-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A store that holds so many records. */
async function filled(folder: string, records: number): Promise<Store> {
  const store = await openEmbeddedStore({ path: join(folder, "registry.db") });
  for (let start = 0; start < records; start += recordsPerCommit) {
    const count = Math.min(recordsPerCommit, records - start);
    await store.commit(Array.from({ length: count }, (_, index) => record(start + index)));
  }
  return store;
}

/** How long one write of 512 B takes to be on this disk, in the middle: what a serial commit can't go below. */
function syncMs(folder: string): number {
  const file = openSync(join(folder, "plain"), "w");
  const bytes = Buffer.alloc(512, 1);
  const times: number[] = [];
  for (let count = 0; count < serialWrites; count += 1) {
    const started = performance.now();
    writeSync(file, bytes);
    fdatasyncSync(file);
    times.push(performance.now() - started);
  }
  closeSync(file);
  return percentile(times, 0.5);
}

const serial = (records: number): Promise<Figure> =>
  inFolder(async (folder) => {
    const store = await filled(folder, records);
    const times: number[] = [];
    const figure = await measure(records, serialWrites, async () => {
      for (let count = 0; count < serialWrites; count += 1) {
        const started = performance.now();
        await store.commit([record((count * 7_919) % records)]);
        times.push(performance.now() - started);
      }
    });
    await store.close();
    const more = {
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
      fdatasyncP50Ms: syncMs(folder),
    };
    return { ...figure, more };
  });

const grouped = (records: number): Promise<Figure> =>
  inFolder(async (folder) => {
    const store = await filled(folder, records);
    let next = 0;
    const writer = async (): Promise<void> => {
      for (; next < groupedWrites; ) {
        next += 1;
        await store.commit([record((next * 7_919) % records)]);
      }
    };
    const figure = await measure(records, groupedWrites, async () => {
      await Promise.all(Array.from({ length: atOnce }, writer));
    });
    await store.close();
    return { ...figure, more: { writesPerSecond: groupedWrites / figure.wallSeconds } };
  });

const replayed = (records: number): Promise<Figure> =>
  inFolder(async (folder) => {
    await (await filled(folder, records)).close();
    let loaded = 0;
    return measure(
      records,
      records,
      async () => {
        const store = await openEmbeddedStore({ path: join(folder, "registry.db") });
        loaded = (await store.load("")).size;
        await store.close();
      },
      () => ({ loaded }),
    );
  });

export const benchmarks: readonly Benchmark[] = [
  {
    name: "registry-serial",
    operation: "one record made durable, the next only then, in a registry of n records",
    target: "at least 80 % of the rate at which the disk takes 512 B with fdatasync",
    sizes: [1_000, 10_000, 100_000],
    isInProcess: true,
    run: serial,
  },
  {
    name: "registry-grouped",
    operation: `one record made durable, ${atOnce} under way at once, in a registry of n records`,
    target: "≥ 50,000 a second",
    sizes: [1_000, 10_000, 100_000],
    isInProcess: true,
    run: grouped,
  },
  {
    name: "registry-replay",
    operation: "one record read at a start",
    target: "a slope of at most 0.2",
    sizes: [1_000, 100_000, 1_000_000],
    isInProcess: true,
    run: replayed,
  },
];
