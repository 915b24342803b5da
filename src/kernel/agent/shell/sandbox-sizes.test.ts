import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SandboxSizes } from "./sandbox-sizes.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keelson-sizes-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, kib: number): void =>
  writeFileSync(join(folder, name), Buffer.alloc(kib * 1024, 1));

/** Asked until it is not what it was: a look may take longer than who asks waits. */
async function sizeOf(sizes: SandboxSizes, isWanted: (bytes: number) => boolean): Promise<number> {
  for (let times = 0; times < 100; times += 1) {
    const [bytes] = await sizes.of([folder]);
    if (bytes !== undefined && isWanted(bytes)) return bytes;
  }
  throw new Error("the folder was never measured");
}

it("tells what a folder takes, looks again once that is old, and forgets folders that nobody asks for", async () => {
  let now = 0;
  const sizes = new SandboxSizes({ now: () => now, freshMs: 15_000 });
  write("a", 256);
  const before = await sizeOf(sizes, () => true);
  expect(before).toBeGreaterThanOrEqual(256 * 1024);
  write("b", 256);
  now = 14_999;
  expect(await sizes.of([folder])).toEqual([before]);
  now = 15_000;
  expect(await sizeOf(sizes, (bytes) => bytes > before)).toBeGreaterThanOrEqual(512 * 1024);
  await sizes.of([]);
  write("c", 256);
  expect(await sizeOf(sizes, () => true)).toBeGreaterThanOrEqual(768 * 1024);
});

it("has no size for a folder that is not there", async () => {
  const sizes = new SandboxSizes({ now: () => 0, freshMs: 15_000 });
  expect(await sizes.of([join(folder, "none")])).toEqual([undefined]);
});
