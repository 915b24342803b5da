import { rmSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeTimers } from "#foundation/runtime/index.ts";
import { openEmbeddedStore } from "#foundation/store/index.ts";
import { describeStore } from "./store-suite.ts";

describeStore("embedded", async () => {
  const folder = await mkdtemp(join(tmpdir(), "keelson-store-"));
  return {
    open: (onLost) => openEmbeddedStore({ path: join(folder, "store.db"), ...(onLost ? { onLost } : {}) }),
    openBeside: () => openEmbeddedStore({ path: join(folder, "store.db") }),
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
    database.exec("UPDATE meta SET value = '3' WHERE name = 'format'");
    database.close();
    await expect(openEmbeddedStore({ path })).rejects.toMatchObject({
      code: "Invalid",
      message: expect.stringMatching(/was written by a newer version \(format 3, by keelson 9\.0\)/),
    });
  });

  it("is refused with a reason when it is no database", async () => {
    const { writeFile } = await import("node:fs/promises");
    const path = join(folder, "store.db");
    await writeFile(path, "not a database, but long enough to be looked at. ".repeat(100));
    await expect(openEmbeddedStore({ path })).rejects.toMatchObject({ code: "StorageFailed" });
  });

  it("reliability.md§4#F12 that is missing though it was there is not begun anew", async () => {
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

  it("reliability.md§4#F12 whose disk is stuck is given up when its time is over, once, with all it acknowledged", async () => {
    const path = join(folder, "store.db");
    const deadlineMs = 60_000;
    let isStuck = false;
    const lost: string[] = [];
    const store = await openEmbeddedStore({
      path,
      operationDeadlineMs: deadlineMs,
      onLost: ({ message }) => void lost.push(message),
      timers: {
        ...nodeTimers,
        // The disk answers in a later turn than this one: by then the time is over.
        set: (delayMs, late) => {
          if (!isStuck || delayMs !== deadlineMs) return nodeTimers.set(delayMs, late);
          queueMicrotask(late);
          return { timer: undefined };
        },
      },
    });
    await store.commit([{ kind: "put", key: "sure", value: 1 }]);
    isStuck = true;
    const put = (): Promise<void> => store.commit([{ kind: "put", key: "unsure", value: 1 }]);
    const failure = { code: "StorageFailed", message: expect.stringMatching(/did not answer within/) };
    await expect(put()).rejects.toMatchObject(failure);
    await expect(put()).rejects.toMatchObject(failure);
    expect(lost).toHaveLength(1);
    await store.close();
    const again = await openEmbeddedStore({ path });
    expect((await again.load("")).get("sure")).toBe(1);
    await again.close();
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
