import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeTimers } from "#foundation/runtime/index.ts";
import type { Store } from "#foundation/store/index.ts";
import { openZooKeeperStore } from "#foundation/store/zookeeper-store.ts";
import { encodeReference, ZooKeeperLayout } from "../../../src/foundation/store/zookeeper-layout.ts";
import { ZooKeeperParts } from "../../../src/foundation/store/zookeeper-parts.ts";
import { ZooKeeperSession } from "../../../src/foundation/store/zookeeper-session.ts";
import { describeStore } from "./store-suite.ts";
import { startZooKeeper, type ZooKeeperServer, zooKeeperMissing } from "./zookeeper-server.ts";

/** So long that no busy machine ends a session that a test wants to last. */
const sessionTimeoutMs = 300_000;
/** Of a session whose end is waited for. */
const shortSessionMs = 10_000;

describe.skipIf(zooKeeperMissing() !== undefined)("on ZooKeeper", () => {
  let server: ZooKeeperServer;
  let roots = 0;
  beforeAll(async () => {
    server = await startZooKeeper();
  });
  afterAll(() => server.remove());

  const nextRoot = (): string => {
    roots += 1;
    return `/keelson/test-${roots}`;
  };
  const open = (
    root: string,
    onLost: (error: Error) => void = () => undefined,
    timeoutMs = sessionTimeoutMs,
  ): Promise<Store> =>
    openZooKeeperStore({
      servers: server.address,
      root,
      sessionTimeoutMs: timeoutMs,
      operationDeadlineMs: sessionTimeoutMs,
      onLost,
    });

  describeStore("zookeeper", async () => {
    const root = nextRoot();
    return {
      open: (onLost) => open(root, onLost),
      // It waits as long as the session of a dead owner might last.
      openBeside: () => open(root, undefined, shortSessionMs),
      remove: async () => undefined,
    };
  });

  it("a commit of many records, each in folders of its own, is there whole, and so is the one that deletes them", async () => {
    const store = await open(nextRoot());
    const keys = Array.from({ length: 300 }, (_none, index) => `runs/job-${index}/${index % 7}/run`);
    await store.commit(keys.map((key) => ({ kind: "put", key, value: key })));
    expect([...(await store.load(""))].toSorted()).toEqual(keys.map((key) => [key, key]).toSorted());
    await store.commit(keys.slice(1).map((key) => ({ kind: "delete", key })));
    expect([...(await store.load("")).keys()]).toEqual(keys.slice(0, 1));
    await store.close();
  });

  it("a commit that fails on the fence leaves the store failed, and its owner is told", async () => {
    const root = nextRoot();
    const helper = await open("/keelson/elections");
    const leader = { kind: "put" as const, key: "leader", value: 1 };
    await helper.commit([leader]);
    const lost: Error[] = [];
    const store = await openZooKeeperStore({
      servers: server.address,
      root,
      fencePath: "/keelson/elections/records/=leader",
      sessionTimeoutMs,
      onLost: (error) => lost.push(error),
    });
    await store.commit([{ kind: "put", key: "a", value: 1 }]);
    await helper.commit([{ kind: "delete", key: "leader" }]);
    const late = store.commit([{ kind: "put", key: "a", value: 2 }]);
    await expect(late).rejects.toMatchObject({
      code: "StorageFailed",
      message: expect.stringContaining("gone"),
    });
    expect(lost).toHaveLength(1);
    await expect(store.get("a")).rejects.toMatchObject({ code: "StorageFailed" });
    await store.close();
    await helper.commit([leader]);
    const next = await open(root);
    expect((await next.get("a"))?.value).toBe(1);
    await next.close();
    await helper.close();
  });

  it("a large commit that its owner did not finish is finished by whoever opens the store next", async () => {
    const root = nextRoot();
    const first = await open(root);
    await first.commit([
      { kind: "put", key: "a", value: 1 },
      { kind: "put", key: "b", value: 1 },
    ]);
    await first.close();
    // As it stands between the request that decides the commit and the last that carries it out.
    const writes = [
      { kind: "put", key: "a", json: "2", bytes: 1 },
      { kind: "delete", key: "b" },
      ...Array.from({ length: 20 }, (_, index) => {
        const json = JSON.stringify("x".repeat(100_000));
        return { kind: "put", key: `large/${index}`, json, bytes: json.length };
      }),
    ];
    const session = new ZooKeeperSession({
      servers: server.address,
      sessionTimeoutMs,
      operationDeadlineMs: sessionTimeoutMs,
      onLost: () => undefined,
      timers: nodeTimers,
    });
    await session.connected();
    const layout = new ZooKeeperLayout(root);
    const parts = new ZooKeeperParts(session, layout, (read) => read());
    const reference = await parts.write("left", JSON.stringify(writes));
    await session.multi((multi) => multi.set(layout.pending, encodeReference(reference)));
    session.close();
    const next = await open(root);
    const records = await next.load("");
    expect(records.size).toBe(21);
    expect(records.get("a")).toBe(2);
    await next.commit([{ kind: "put", key: "a", value: 3 }]);
    await next.close();
    // Once finished it is not carried out again.
    const last = await open(root);
    expect((await last.get("a"))?.value).toBe(3);
    await last.close();
  });

  it("a commit goes on when the server comes back within the session, and is applied once", async () => {
    const root = nextRoot();
    const store = await open(root);
    await store.commit([{ kind: "put", key: "a", value: 1 }]);
    await server.kill();
    const commit = store.commit([{ kind: "put", key: "a", value: 2 }]);
    await server.start();
    await commit;
    expect(await store.get("a")).toMatchObject({ value: 2, version: { version: 1 } });
    await store.close();
  }, 300_000);

  it("an owner that cannot reach any server gives up before its session can be another's", async () => {
    const root = nextRoot();
    let tell = (_error: Error): void => undefined;
    const lost = new Promise<Error>((resolve) => {
      tell = resolve;
    });
    const store = await open(root, tell, shortSessionMs);
    await server.kill();
    expect(await lost).toMatchObject({ code: "StorageFailed" });
    await expect(store.commit([])).rejects.toMatchObject({ code: "StorageFailed" });
    await store.close();
    await server.start();
  });

  it("an owner gives up also when the servers are silent and no connection breaks", async () => {
    const root = nextRoot();
    let tell = (_error: Error): void => undefined;
    const lost = new Promise<Error>((resolve) => {
      tell = resolve;
    });
    const store = await open(root, tell, shortSessionMs);
    server.signal("SIGSTOP");
    expect(await lost).toMatchObject({ code: "StorageFailed", message: expect.stringContaining("answered") });
    server.signal("SIGCONT");
    await store.close();
  });
});
