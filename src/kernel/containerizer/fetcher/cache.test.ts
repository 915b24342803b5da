import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FetcherCache } from "./cache.ts";

let dir: string;
/** Addresses in the order in which they were downloaded. */
let downloads: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "keelson-cache-"));
  downloads = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Each address holds itself; `bad` ones fail. */
const cacheOf = (bytesMax: number): FetcherCache =>
  new FetcherCache({
    dir: join(dir, "cache"),
    bytesMax,
    download: async ({ uri, fd }) => {
      downloads.push(uri);
      await Promise.resolve();
      if (uri.startsWith("bad")) throw new Error("no");
      writeSync(fd, uri);
    },
  });

const account = (uid: number) => ({ uid, gid: uid, groups: [] });

async function use(cache: FetcherCache, uri: string, uid = 1): Promise<string | undefined> {
  const file = await cache.acquire(uri, account(uid));
  const text = file === undefined ? undefined : await file.handle.readFile("utf8");
  await file?.release();
  return text;
}

describe("the fetcher's cache", () => {
  it("downloads once for all that ask, at the same time and later", async () => {
    const cache = cacheOf(100);
    expect(await Promise.all([use(cache, "aaaa"), use(cache, "aaaa")])).toEqual(["aaaa", "aaaa"]);
    expect(await use(cache, "aaaa")).toBe("aaaa");
    expect(downloads).toEqual(["aaaa"]);
    expect(cache.facts()).toEqual({ totalBytes: 100, usedBytes: 4 });
  });

  it("shares nothing between users", async () => {
    const cache = cacheOf(100);
    await use(cache, "aaaa", 1);
    await use(cache, "aaaa", 2);
    expect(downloads).toEqual(["aaaa", "aaaa"]);
  });

  it("lets go of what was used longest ago, and never holds more than its bound", async () => {
    const cache = cacheOf(10);
    for (const uri of ["aaaa", "bbbb"]) await use(cache, uri);
    await use(cache, "aaaa");
    await use(cache, "cccc");
    expect(cache.facts().usedBytes).toBe(8);
    await use(cache, "aaaa");
    expect(downloads).toEqual(["aaaa", "bbbb", "cccc"]);
    await use(cache, "bbbb");
    expect(downloads).toEqual(["aaaa", "bbbb", "cccc", "bbbb"]);
    expect(readdirSync(join(dir, "cache"))).toHaveLength(2);
  });

  it("keeps what is in use, and makes up for it when it is not any more", async () => {
    const cache = cacheOf(6);
    const held = await cache.acquire("aaaa", account(1));
    expect(await use(cache, "bbbb")).toBe("bbbb");
    expect(await held?.handle.readFile("utf8")).toBe("aaaa");
    await held?.release();
    expect(cache.facts().usedBytes).toBeLessThanOrEqual(6);
  });

  it("gives nothing for what it could not get, and tries again the next time", async () => {
    const cache = cacheOf(100);
    expect(await use(cache, "bad")).toBeUndefined();
    expect(await use(cache, "bad")).toBeUndefined();
    expect(downloads).toEqual(["bad", "bad"]);
    expect(readdirSync(join(dir, "cache"))).toEqual([]);
  });

  it("begins empty", async () => {
    await use(cacheOf(100), "aaaa");
    writeFileSync(join(dir, "cache", "left"), "");
    const cache = cacheOf(100);
    expect(existsSync(join(dir, "cache", "left"))).toBe(false);
    await use(cache, "aaaa");
    expect(downloads).toEqual(["aaaa", "aaaa"]);
  });
});
