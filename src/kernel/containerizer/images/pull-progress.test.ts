import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manifestBytes, manifestFor, PullProgress } from "./pull-progress.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "keelson-pull-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("how far a pull is", () => {
  it("is nothing before its turn, then what its folder has, whole layers and those that come", async () => {
    const progress = new PullProgress(() => 0);
    expect(await progress.told()).toEqual({ phase: "waiting", doneBytes: 0 });
    const layout = join(dir, "layout");
    mkdirSync(join(layout, "blobs", "sha256"), { recursive: true });
    writeFileSync(join(layout, "blobs", "sha256", "whole"), "x".repeat(100));
    writeFileSync(join(layout, "oci-put-blob1"), "x".repeat(20));
    progress.phase = "fetching";
    progress.fetchInto(layout);
    expect(await progress.told()).toEqual({ phase: "fetching", doneBytes: 120 });
  });

  it("is looked at once in two seconds at most, by however many ask", async () => {
    let now = 0;
    const progress = new PullProgress(() => now);
    progress.fetchInto(dir);
    const told = async (): Promise<number> => (await progress.told()).doneBytes;
    const grow = (bytes: number): void => writeFileSync(join(dir, "blob"), "x".repeat(bytes));
    grow(1);
    expect(await told()).toBe(1);
    grow(2);
    now = 1_999;
    expect(await told()).toBe(1);
    now = 2_000;
    expect(await told()).toBe(2);
  });

  it("is never more than the whole, and the whole once it is unpacked", async () => {
    const progress = new PullProgress(() => 0);
    progress.fetchInto(dir);
    progress.totalBytes = 50;
    progress.phase = "fetching";
    writeFileSync(join(dir, "blob"), "x".repeat(60));
    expect(await progress.told()).toEqual({ phase: "fetching", doneBytes: 50, totalBytes: 50 });
    const smaller = new PullProgress(() => 0);
    smaller.fetchInto(join(dir, "nowhere"));
    smaller.totalBytes = 50;
    smaller.phase = "unpacking";
    expect(await smaller.told()).toEqual({ phase: "unpacking", doneBytes: 50, totalBytes: 50 });
  });
});

it.each<[string, unknown, number | undefined]>([
  ["its layers and its config", { config: { size: 1 }, layers: [{ size: 20 }, { size: 300 }] }, 321],
  ["its config alone", { config: { size: 1 }, layers: [] }, 1],
  ["unknown where a layer has no size", { config: { size: 1 }, layers: [{ size: 20 }, {}] }, undefined],
  ["unknown where a size is none", { config: { size: 1 }, layers: [{ size: -1 }] }, undefined],
  ["unknown of a list", { manifests: [] }, undefined],
  ["unknown of what is no manifest", "text", undefined],
])("the bytes of an image are %s", (_, manifest, bytes) => expect(manifestBytes(manifest)).toBe(bytes));

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const entry = (letter: string, architecture: string, os = "linux") => ({
  digest: digest(letter),
  platform: { os, architecture },
});
it.each<[string, unknown, string, string | undefined]>([
  ["this machine", { manifests: [entry("a", "arm64"), entry("b", "amd64")] }, "x64", digest("b")],
  ["another machine", { manifests: [entry("a", "arm64"), entry("b", "amd64")] }, "arm64", digest("a")],
  ["another system", { manifests: [entry("a", "amd64", "windows")] }, "x64", undefined],
  ["no machine at all", { manifests: [{ digest: digest("a") }] }, "x64", undefined],
  ["a machine that has no name here", { manifests: [entry("a", "s390x")] }, "s390x", undefined],
  ["a digest that is none", { manifests: [{ ...entry("a", "amd64"), digest: "../x" }] }, "x64", undefined],
  ["no list", { layers: [] }, "x64", undefined],
])("of a list the part for %s", (_, list, arch, found) => expect(manifestFor(list, arch)).toBe(found));
