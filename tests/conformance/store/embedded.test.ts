import { copyFileSync, existsSync, rmSync, statSync, truncateSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CodedError } from "#foundation/base/errors.ts";
import { openEmbeddedStore } from "#foundation/store/index.ts";
import { describeStore } from "./store-suite.ts";

describeStore("embedded", async () => {
  const folder = await mkdtemp(join(tmpdir(), "keelson-store-"));
  return {
    open: (onLost) => openEmbeddedStore({ path: join(folder, "store.db"), ...(onLost ? { onLost } : {}) }),
    remove: () => rm(folder, { recursive: true }),
  };
});

describe("the file of an embedded store", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "keelson-store-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("can be read by its owner only", async () => {
    const path = join(folder, "store.db");
    const store = await openEmbeddedStore({ path });
    await store.commit([{ kind: "put", key: "a", value: 1 }]);
    for (const name of [path, `${path}-wal`, `${path}.pid`])
      expect((await stat(name)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it("is refused when a newer version wrote it", async () => {
    const path = join(folder, "store.db");
    await (await openEmbeddedStore({ path, program: "keelson 9.0" })).close();
    const database = new DatabaseSync(path);
    database.exec("UPDATE meta SET value = '2' WHERE name = 'format'");
    database.close();
    await expect(openEmbeddedStore({ path })).rejects.toMatchObject({
      code: "Invalid",
      message: expect.stringMatching(/was written by a newer version \(format 2, by keelson 9\.0\)/),
    });
  });

  it("is refused with a reason when it is no database", async () => {
    const { writeFile } = await import("node:fs/promises");
    const path = join(folder, "store.db");
    await writeFile(path, "not a database, but long enough to be looked at. ".repeat(100));
    await expect(openEmbeddedStore({ path })).rejects.toMatchObject({ code: "StorageFailed" });
  });

  it("F12 that was cut off anywhere has what was written before, or is refused; it never passes for a new one", async () => {
    const path = join(folder, "store.db");
    const store = await openEmbeddedStore({ path });
    const count = 12;
    for (let index = 0; index < count; index += 1)
      await store.commit([{ kind: "put", key: `k${10 + index}`, value: "x".repeat(300) }]);
    const alive = join(folder, "alive.db");
    for (const suffix of ["", "-wal", ".pid"]) copyFileSync(path + suffix, alive + suffix);
    await store.close();
    const cut = async (from: string, suffix: string, part: number): Promise<readonly string[] | string> => {
      const to = join(folder, "cut.db");
      for (const each of ["", "-wal", ".pid"]) {
        rmSync(to + each, { force: true });
        if (existsSync(from + each)) copyFileSync(from + each, to + each);
      }
      truncateSync(to + suffix, Math.floor(statSync(to + suffix).size * part));
      const opened = await openEmbeddedStore({ path: to }).catch((error: CodedError) => error);
      if (opened instanceof Error) return `${opened.code}: ${opened.message}`;
      const keys = await opened.load("").then(
        (records) => [...records.keys()],
        (error: Error) => error.message,
      );
      await opened.close();
      return keys;
    };
    const all = Array.from({ length: count }, (_, index) => `k${10 + index}`);
    for (const part of [0, 0.05, 0.3, 0.61, 0.999]) {
      const log = await cut(alive, "-wal", part);
      if (typeof log === "string") expect(log).toContain("is empty or gone, and was a store");
      else expect([part, log]).toEqual([part, all.slice(0, log.length)]);
      const whole = await cut(path, "", part);
      expect([part, whole]).toEqual([
        part,
        expect.stringMatching(/is empty or gone|malformed|not a database|is damaged/),
      ]);
    }
    expect(await cut(alive, "-wal", 1)).toEqual(all);
    expect(await cut(path, "", 1)).toEqual(all);
  });

  it("F12 that is missing though it was there is not begun anew", async () => {
    const path = join(folder, "store.db");
    await (await openEmbeddedStore({ path })).close();
    rmSync(path);
    await expect(openEmbeddedStore({ path })).rejects.toMatchObject({
      code: "StorageFailed",
      message: expect.stringContaining(`remove ${path}.pid to begin with nothing`),
    });
    rmSync(`${path}.pid`);
    await (await openEmbeddedStore({ path })).close();
  });

  it("takes no more commits than its queue holds, and loses none it took", async () => {
    const store = await openEmbeddedStore({ path: join(folder, "store.db"), maxQueuedCommits: 3 });
    const asked = Array.from({ length: 6 }, (_, index) =>
      store.commit([{ kind: "put", key: `k${index}`, value: index }]),
    );
    const outcomes = await Promise.allSettled(asked);
    const taken = outcomes.filter((outcome) => outcome.status === "fulfilled");
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(taken.length).toBe(4);
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: "Overloaded" } });
    expect((await store.load("")).size).toBe(4);
    await store.close();
  });
});
