import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeSandbox } from "./sandbox-folder.ts";

let dir: string;
let outside: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "keelson-sandbox-")));
  outside = join(dir, "outside");
  mkdirSync(join(outside, "one"), { recursive: true, mode: 0o700 });
  mkdirSync(join(dir, "run"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const mode = (path: string): number => statSync(path).mode & 0o777;

it("is made with the way to it, for its account alone", async () => {
  const path = join(dir, "run/containers/one");
  await makeSandbox(path, undefined);
  expect([mode(path), mode(join(path, ".."))]).toEqual([0o750, 0o711]);
  await makeSandbox(path, undefined);
});

it("reliability.md§5#A16 is not where a task's link leads: neither its own nor its folder's", async () => {
  symlinkSync(outside, join(dir, "run/containers"));
  await expect(makeSandbox(join(dir, "run/containers/one"), undefined)).rejects.toThrow("was replaced by");
  mkdirSync(join(dir, "run/others"));
  symlinkSync(join(outside, "one"), join(dir, "run/others/one"));
  await expect(makeSandbox(join(dir, "run/others/one"), undefined)).rejects.toThrow();
  expect(mode(join(outside, "one"))).toBe(0o700);
});
