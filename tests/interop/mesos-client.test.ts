/** npm `@dcos/mesos-client` (with `@dcos/recordio`), unmodified, reads the operator API and its event stream. */
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, settled } from "../harness/services.ts";

interface Subscription {
  unsubscribe(): void;
}

interface Observable {
  subscribe(onValue: (value: string) => void, onError: (error: unknown) => void): Subscription;
}

const require = createRequire(import.meta.url);
// The library is made for browsers; jsdom brings the one thing of theirs it needs.
const { JSDOM } = require("jsdom") as {
  readonly JSDOM: new (
    page: string,
    options: object,
  ) => { readonly window: { readonly XMLHttpRequest: unknown } };
};
// It has no types.
const { stream, request } = require("@dcos/mesos-client") as {
  readonly stream: (body: object, url: string) => Observable;
  readonly request: (body: object, url: string) => Observable;
};

let cluster: TestCluster;
const url = (): string => `${cluster.info.services.kernel}/api/v1`;

beforeAll(async () => {
  cluster = await startCluster();
  // The page comes from the kernel itself: any other origin is refused.
  const { window } = new JSDOM("", { url: `${cluster.info.services.kernel}/` });
  Object.assign(globalThis, { XMLHttpRequest: window.XMLHttpRequest });
}, 240_000);
afterAll(() => cluster.purge());

describe("@dcos/mesos-client (npm), unmodified", () => {
  it("asks one call", async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      request({ type: "GET_VERSION" }, url()).subscribe(resolve, reject);
    });
    expect(JSON.parse(answer)).toMatchObject({
      type: "GET_VERSION",
      get_version: { version_info: { version: expect.any(String) } },
    });
  });

  it("follows tasks on the event stream, from the snapshot on", async () => {
    const events: { readonly type: string; readonly [name: string]: unknown }[] = [];
    const subscription = stream({ type: "SUBSCRIBE" }, url()).subscribe(
      (record) => events.push(JSON.parse(record) as { type: string }),
      () => undefined,
    );
    await eventually("the snapshot", () => events.some(({ type }) => type === "SUBSCRIBED"));
    await createApp(cluster, {
      id: "/watched",
      cmd: "echo 'wörld ✓'; exec sleep 1000",
      cpus: 0.01,
      mem: 8,
      labels: { text: "wörld ✓" },
    });
    await settled(cluster, "/watched");
    await eventually("TASK_ADDED and TASK_UPDATED to running", () => {
      const running = events.some(
        ({ type, task_updated: update }) =>
          type === "TASK_UPDATED" && (update as { readonly state: string }).state === "TASK_RUNNING",
      );
      return running && events.some(({ type }) => type === "TASK_ADDED");
    });
    expect(events[0]?.type).toBe("SUBSCRIBED");
    expect(events[1]?.type).toBe("HEARTBEAT");
    expect(JSON.stringify(events.find(({ type }) => type === "TASK_ADDED"))).toContain("wörld ✓");
    subscription.unsubscribe();
  });
});
