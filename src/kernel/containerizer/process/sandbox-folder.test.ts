import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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

describe("reliability.md§5#A16 is not where a task's link leads", () => {
  const isUntouched = (): void => {
    expect(readdirSync(outside)).toEqual(["one"]);
    expect(readdirSync(join(outside, "one"))).toEqual([]);
    expect(mode(join(outside, "one"))).toBe(0o700);
  };

  it("its own, or its folder's, and nothing is made there", async () => {
    symlinkSync(outside, join(dir, "run/containers"));
    await expect(makeSandbox(join(dir, "run/containers/one"), undefined)).rejects.toThrow("is no folder");
    await expect(makeSandbox(join(dir, "run/containers/two"), undefined)).rejects.toThrow("is no folder");
    mkdirSync(join(dir, "other/containers"), { recursive: true });
    symlinkSync(join(outside, "one"), join(dir, "other/containers/one"));
    await expect(makeSandbox(join(dir, "other/containers/one"), undefined)).rejects.toThrow("is no folder");
    isUntouched();
  });

  it("of a folder in the middle, where sandboxes are two deep", async () => {
    await makeSandbox(join(dir, "run/containers/one"), undefined);
    await makeSandbox(join(dir, "run/containers/one/containers/two"), undefined);
    expect(mode(join(dir, "run/containers/one/containers/two"))).toBe(0o750);
    rmSync(join(dir, "run/containers"), { recursive: true });
    symlinkSync(outside, join(dir, "run/containers"));
    const inner = join(dir, "run/containers/one/containers/two");
    await expect(makeSandbox(inner, undefined)).rejects.toThrow(
      `${join(dir, "run/containers")} is no folder`,
    );
    rmSync(join(dir, "run/containers"));
    mkdirSync(join(dir, "run/containers"));
    symlinkSync(join(outside, "one"), join(dir, "run/containers/one"));
    await expect(makeSandbox(inner, undefined)).rejects.toThrow(
      `${join(dir, "run/containers/one")} is no folder`,
    );
    rmSync(join(dir, "run/containers/one"));
    mkdirSync(join(dir, "run/containers/one"));
    writeFileSync(join(dir, "run/containers/one/containers"), "");
    await expect(makeSandbox(inner, undefined)).rejects.toThrow("is no folder");
    isUntouched();
  });

  it("that comes and goes while sandboxes are made", async () => {
    mkdirSync(join(dir, "run/containers"));
    const [way, aside, link] = ["containers", "aside", "link"].map((name) => join(dir, "run", name));
    if (way === undefined || aside === undefined || link === undefined) throw new Error("three names");
    symlinkSync(outside, link);
    for (let times = 0; times < 200; times += 1) {
      const made = makeSandbox(join(way, `one/containers/${times}`), undefined).catch(() => undefined);
      renameSync(way, aside);
      renameSync(link, way);
      await Promise.resolve();
      renameSync(way, link);
      renameSync(aside, way);
      await made;
    }
    isUntouched();
  });
});
