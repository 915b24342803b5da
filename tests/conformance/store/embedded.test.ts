import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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
