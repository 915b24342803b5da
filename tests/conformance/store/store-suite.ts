/** What every store does, whatever it is made of. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import {
  commitBytesMax,
  keyLengthMax,
  type Store,
  type Version,
  valueBytesMax,
} from "#foundation/store/index.ts";

/** A place for one store, empty at first; opening it again finds what was committed. */
export interface StorePlace {
  open(onLost?: (error: Error) => void): Promise<Store>;
  /** As another process would while the first has it: rejects once it is sure of that. */
  openBeside(): Promise<Store>;
  remove(): Promise<void>;
}

const put = (key: string, value: JsonValue): Write => ({ kind: "put", key, value });
const remove = (key: string): Write => ({ kind: "delete", key });

export function describeStore(name: string, createPlace: () => Promise<StorePlace>): void {
  describe(`a store (${name})`, () => {
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      place = await createPlace();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    const versionOf = async (key: string): Promise<Version> => {
      const found = await store.get(key);
      if (found === undefined) throw new Error(`${key} is absent`);
      return found.version;
    };

    it("gives back what was committed, also after it was opened again", async () => {
      const value = { name: "größe ✓", list: [1, null, true, "x"], nested: { "10": "a", "2": "b" } };
      await store.commit([put("apps/a", value), put("agents", 1)]);
      expect((await store.get("apps/a"))?.value).toEqual(value);
      await store.close();
      store = await place.open();
      expect([...(await store.load(""))]).toEqual([
        ["agents", 1],
        ["apps/a", value],
      ]);
    });

    it("loads what is below a prefix at any depth, and nothing beside it", async () => {
      await store.commit(
        ["apps/a", "apps/a/tasks/1", "apps/b", "apps-old/c", "app", "apps"].map((key) => put(key, key)),
      );
      expect([...(await store.load("apps")).keys()]).toEqual(["apps/a", "apps/a/tasks/1", "apps/b"]);
      expect([...(await store.load("apps/")).keys()]).toEqual(["apps/a", "apps/a/tasks/1", "apps/b"]);
      expect((await store.load("nothing")).size).toBe(0);
    });

    it("lists one level", async () => {
      await store.commit(["apps/b", "apps/a", "apps/a/tasks/1", "apps/c/x", "top"].map((key) => put(key, 0)));
      expect(await store.list("apps")).toEqual(["a", "b"]);
      expect(await store.list("")).toEqual(["top"]);
      expect(await store.list("apps/c")).toEqual(["x"]);
    });

    it("keeps a value and keys below it apart", async () => {
      await store.commit([put("apps/a", 1), put("apps/a/tasks", 2)]);
      await store.commit([remove("apps/a")]);
      expect([...(await store.load(""))]).toEqual([["apps/a/tasks", 2]]);
      await store.commit([put("apps/a", 3)]);
      expect((await store.get("apps/a"))?.value).toBe(3);
    });

    it("counts versions per key, and starts again when a key is created anew", async () => {
      await store.commit([put("k", 1)]);
      const first = await versionOf("k");
      expect(first.version).toBe(0);
      await store.commit([put("k", 2)]);
      expect(await versionOf("k")).toEqual({ created: first.created, version: 1 });
      await store.commit([remove("k")]);
      expect(await store.get("k")).toBeUndefined();
      await store.commit([put("k", 3)]);
      const again = await versionOf("k");
      expect(again.version).toBe(0);
      expect(again.created).not.toBe(first.created);
    });

    it("lets the last of several writes to one key in a batch count", async () => {
      await store.commit([put("a", 1), remove("a"), put("a", 2), put("b", 1), remove("b"), remove("absent")]);
      expect([...(await store.load(""))]).toEqual([["a", 2]]);
    });

    it("commits when every expectation holds", async () => {
      await store.commit([put("a", 1)]);
      const version = await versionOf("a");
      await store.commit([put("a", 2), put("b", 1)], {
        expect: [
          { key: "a", version },
          { key: "b", version: "absent" },
        ],
      });
      expect([...(await store.load(""))]).toEqual([
        ["a", 2],
        ["b", 1],
      ]);
    });

    it("applies nothing of a batch when one expectation fails, and goes on afterwards", async () => {
      await store.commit([put("a", 1)]);
      const stale = await versionOf("a");
      await store.commit([put("a", 2)]);
      const refused = [
        store.commit([put("x", 1), put("a", 3)], { expect: [{ key: "a", version: stale }] }),
        store.commit([put("x", 1)], { expect: [{ key: "a", version: "absent" }] }),
        store.commit([put("x", 1)], { expect: [{ key: "no", version: stale }] }),
      ];
      for (const result of await Promise.allSettled(refused)) {
        expect(result).toMatchObject({ status: "rejected", reason: { code: "Conflict" } });
      }
      await store.commit([put("y", 1)]);
      expect([...(await store.load(""))]).toEqual([
        ["a", 2],
        ["y", 1],
      ]);
    });

    it("does not take a key that was created anew for the old one at the same version", async () => {
      await store.commit([put("a", 1)]);
      const old = await versionOf("a");
      await store.commit([remove("a")]);
      await store.commit([put("a", 1)]);
      const late = store.commit([put("a", 2)], { expect: [{ key: "a", version: old }] });
      await expect(late).rejects.toMatchObject({ code: "Conflict" });
    });

    it("applies commits in the order they were asked for", async () => {
      await Promise.all(Array.from({ length: 50 }, (_, index) => store.commit([put("k", index)])));
      expect(await store.get("k")).toMatchObject({ value: 49, version: { version: 49 } });
    });

    it("keeps values far above one part, replaces and deletes them", async () => {
      const large = (letter: string): string => `${letter.repeat(1_500_000)}ß`;
      await store.commit([put("large", large("a")), put("small", 1)]);
      expect((await store.get("large"))?.value).toBe(large("a"));
      await store.commit([put("large", large("b"))]);
      await store.close();
      store = await place.open();
      expect((await store.load("")).get("large")).toBe(large("b"));
      await store.commit([put("large", 2)]);
      expect((await store.get("large"))?.value).toBe(2);
      await store.commit([put("large", large("c")), remove("small")]);
      await store.commit([remove("large")]);
      expect((await store.load("")).size).toBe(0);
    });

    it("commits far more than one request carries as one, or nothing of it", async () => {
      const many = (value: string): readonly Write[] =>
        Array.from({ length: 3_000 }, (_, index) => put(`apps/${index}`, value.repeat(1_000)));
      await store.commit([...many("a"), put("large", "b".repeat(1_500_000))]);
      const stale = { created: "none", version: 7 };
      const refused = store.commit(many("c"), { expect: [{ key: "apps/1", version: stale }] });
      await expect(refused).rejects.toMatchObject({ code: "Conflict" });
      await store.close();
      store = await place.open();
      const records = await store.load("");
      expect(records.size).toBe(3_001);
      expect(new Set([...records.values()].map((value) => String(value)[0]))).toEqual(new Set(["a", "b"]));
      const version = await versionOf("apps/1");
      await store.commit(
        [...records.keys()].map((key) => remove(key)),
        { expect: [{ key: "apps/1", version }] },
      );
      expect((await store.load("")).size).toBe(0);
    }, 240_000);

    it("refuses a commit and a value over the limit, and goes on", async () => {
      const part = "x".repeat(valueBytesMax - 100);
      const parts = Array.from({ length: 1 + commitBytesMax / valueBytesMax }, (_, index) =>
        put(`${index}`, part),
      );
      await expect(store.commit(parts)).rejects.toMatchObject({ code: "Invalid" });
      const value = store.commit([put("a", "x".repeat(valueBytesMax))]);
      await expect(value).rejects.toMatchObject({ code: "Invalid" });
      await store.commit([put("c", 1)]);
      expect([...(await store.load(""))]).toEqual([["c", 1]]);
    });

    it("refuses keys that not every store can keep", async () => {
      for (const key of ["", "/a", "a/", "a//b", "a b", "ä", "a\n", "x".repeat(keyLengthMax + 1)]) {
        await expect(store.commit([put(key, 1)])).rejects.toMatchObject({ code: "Invalid" });
        await expect(store.get(key)).rejects.toMatchObject({ code: "Invalid" });
      }
      const odd = ["=a/+b", "..", "./x", "%2Fshop%2Fcart", "~", "zookeeper", "a:b", "x".repeat(keyLengthMax)];
      await store.commit(odd.map((key) => put(key, key)));
      expect([...(await store.load("")).keys()]).toEqual([...odd].sort());
    });

    it("hints at changes below a watched prefix until the watch ends", async () => {
      let hints = 0;
      let hinted = (): void => undefined;
      const next = (): Promise<void> => new Promise((resolve) => (hinted = resolve));
      const stop = store.watch("apps", () => {
        hints += 1;
        hinted();
      });
      for (const value of [1, 2]) {
        const hint = next();
        await store.commit([put("apps/a", value)]);
        await hint;
      }
      stop();
      const before = hints;
      await store.commit([put("apps/a", 3)]);
      await store.get("apps/a");
      expect(hints).toBe(before);
    });

    it("rejects everything once it is closed", async () => {
      await store.close();
      await expect(store.commit([put("a", 1)])).rejects.toMatchObject({ code: "StorageFailed" });
      await expect(store.get("a")).rejects.toMatchObject({ code: "StorageFailed" });
      await store.close();
    });

    it("cannot be opened by a second owner, which is told who has it", async () => {
      await expect(place.openBeside()).rejects.toMatchObject({
        code: "Conflict",
        message: expect.stringContaining(`process ${process.pid}`),
      });
      await store.commit([put("a", 1)]);
      expect((await store.get("a"))?.value).toBe(1);
    });
  });
}
