import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEmbeddedStore, type Store } from "#foundation/store/index.ts";
import { type AuditEntry, type AuditLog, openAuditLog } from "./audit-log.ts";
import type { AuditBudget } from "./chunks.ts";

const hour = 3_600_000;

function anEntry(fields: Partial<AuditEntry> = {}): AuditEntry {
  return {
    user: "alice",
    from: "127.0.0.1",
    action: "service.update",
    object: "/web",
    method: "PUT",
    path: "/v2/apps/web",
    status: 200,
    changes: [{ path: "/cpus", before: 1, after: 2 }],
    ...fields,
  };
}

describe("the audit log", () => {
  let folder: string;
  let store: Store;
  let now = 0;
  const open = (budget?: Partial<AuditBudget>): Promise<AuditLog> =>
    openAuditLog({ store, source: "services", now: () => now, ...(budget === undefined ? {} : { budget }) });
  beforeEach(async () => {
    now = 1_700_000_000_000;
    folder = await mkdtemp(join(tmpdir(), "keelson-audit-"));
    store = await openEmbeddedStore({ path: join(folder, "audit.db") });
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const fill = async (log: AuditLog, count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      now += hour / 60;
      await log.append(anEntry({ object: `/app${index}`, user: index % 2 === 0 ? "alice" : "bob" }));
    }
  };

  it("has what was appended, newest first, also after it is opened again", async () => {
    await fill(await open({ chunkRecordsMax: 4 }), 10);
    for (const log of [await open({ chunkRecordsMax: 4 }), await open({ chunkRecordsMax: 4 })]) {
      const { items, total } = await log.list({ limit: 3, offset: 2 });
      expect(items.map(({ object }) => object)).toEqual(["/app7", "/app6", "/app5"]);
      expect(total).toBe(10);
      expect(items[0]).toMatchObject({ source: "services", status: 200, at: 1_700_000_000_000 + 8 * 60_000 });
    }
  });

  it("goes on with its numbers after it is opened again", async () => {
    await fill(await open({ chunkRecordsMax: 4 }), 6);
    await fill(await open({ chunkRecordsMax: 4 }), 3);
    const ids = (await (await open()).list()).items.map(({ id }) => Number(id));
    expect(ids).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it("numbers what is appended at the same time", async () => {
    const log = await open({ chunkRecordsMax: 3 });
    await Promise.all(Array.from({ length: 20 }, (_, index) => log.append(anEntry({ object: `/${index}` }))));
    const { items } = await (await open({ chunkRecordsMax: 3 })).list();
    expect(items.map(({ object }) => object)).toEqual(Array.from({ length: 20 }, (_, at) => `/${19 - at}`));
  });

  it("finds by object, user, and words", async () => {
    const log = await open({ chunkRecordsMax: 4 });
    await fill(log, 10);
    await log.append(anEntry({ object: "/Shop/cart", message: "because of Friday" }));
    expect((await log.list({ object: "/app3" })).total).toBe(1);
    expect((await log.list({ user: "bob" })).total).toBe(5);
    expect((await log.list({ filter: "shop FRIDAY" })).total).toBe(1);
    expect((await log.list({ filter: "user:bob app3" })).total).toBe(1);
    expect((await log.list({ filter: "object:shop:x" })).total).toBe(0);
    expect((await log.list({ user: "bob", limit: 1, offset: 4 })).items[0]?.object).toBe("/app1");
  });

  it("drops whole chunks past its bytes, and says since when it is complete", async () => {
    const log = await open({ chunkRecordsMax: 5, bytesMax: 4_000 });
    await fill(log, 100);
    const { total, items, droppedBefore } = await log.list({ limit: 1_000 });
    expect(total).toBeLessThan(30);
    expect(total).toBeGreaterThan(5);
    expect(droppedBefore).toBe(items.at(-1)?.at);
    // What was dropped is gone from the disk too.
    expect([...(await store.load("audit")).keys()]).toHaveLength(total + 1);
    expect((await (await open()).list()).droppedBefore).toBe(droppedBefore);
  });

  it("drops what is too old", async () => {
    const log = await open({ chunkRecordsMax: 2, keepMs: 10 * hour });
    await fill(log, 4);
    now += 11 * hour;
    await log.append(anEntry({ object: "/new" }));
    expect((await log.list()).items.map(({ object }) => object)).toEqual(["/new"]);
  });

  it("keeps records small and free of control characters", async () => {
    const log = await open();
    const huge = "x".repeat(100_000);
    await log.append(
      anEntry({
        object: "/a\u001b[31m\r\nb",
        message: huge,
        changes: [{ path: "/cmd", before: huge, after: "y" }],
      }),
    );
    const [record] = (await log.list()).items;
    expect(record?.object).toBe("/a [31m b");
    expect(record?.message).toHaveLength(2_048);
    expect(record?.changes).toEqual([{ path: "/cmd" }]);
  });

  it("refuses a newer format", async () => {
    await store.commit([{ kind: "put", key: "audit/index", value: { formatVersion: 2 } }]);
    await expect(open()).rejects.toThrow("format 2");
  });
});
