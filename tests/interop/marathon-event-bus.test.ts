/** npm `marathon-event-bus-client`, unmodified, listens to `/v2/events` of a real cluster. */
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, settled } from "../harness/services.ts";

interface EventBusClient {
  on(event: string, listener: (...payload: unknown[]) => void): void;
  subscribe(): void;
  unsubscribe(): void;
}

const require = createRequire(import.meta.url);
// The library has no types.
const EventBus = require("marathon-event-bus-client") as new (options: object) => EventBusClient;

const types = [
  "deployment_info",
  "deployment_success",
  "status_update_event",
  "group_change_success",
  "deployment_step_success",
  "instance_changed_event",
  "app_terminated_event",
];
let cluster: TestCluster;
let client: EventBusClient;
const errors: unknown[] = [];
const seen: {
  readonly type: string;
  readonly data: { readonly eventType: string; readonly timestamp: string } & Readonly<
    Record<string, unknown>
  >;
}[] = [];
/** Of one app in what was heard since `from`. */
const heard = (type: string, from: number): readonly Readonly<Record<string, unknown>>[] =>
  seen.slice(from).flatMap((event) => (event.type === type ? [event.data] : []));

beforeAll(async () => {
  cluster = await startCluster();
  const { hostname, port } = new URL(cluster.info.services.services);
  client = new EventBus({
    marathonHost: hostname,
    marathonPort: port,
    eventTypes: types,
    handlers: Object.fromEntries(
      types.map((type) => [
        type,
        (name: string, data: (typeof seen)[number]["data"]) => seen.push({ type: name, data }),
      ]),
    ),
  });
  // It tells of its own end too, after the test; an emitter whom nobody hears throws.
  client.on("error", (error) => errors.push(error));
  const subscribed = new Promise<void>((resolve) => client.on("subscribed", () => resolve()));
  client.subscribe();
  await subscribed;
}, 240_000);
afterAll(async () => {
  client.unsubscribe();
  await cluster.purge();
});

describe("marathon-event-bus-client (npm), unmodified", () => {
  it("hears of a new app in every event it asked for", async () => {
    await createApp(cluster, { id: "/heard", cmd: "exec sleep 1000", cpus: 0.01, mem: 8 });
    await settled(cluster, "/heard");
    const ofCreation = types.filter((type) => type !== "app_terminated_event");
    await eventually("each type was seen", () =>
      ofCreation.every((type) => seen.some((event) => event.type === type)),
    );
    for (const { type, data } of seen) {
      expect(data.eventType).toBe(type);
      expect(Number.isNaN(Date.parse(data.timestamp))).toBe(false);
    }
    expect(errors).toEqual([]);
    const order = seen.map(({ type }) => type);
    expect(order.indexOf("deployment_success")).toBeGreaterThan(order.indexOf("deployment_info"));
  });

  it("hears of its scaling, upgrade, kill and removal", async () => {
    const url = `${cluster.info.services.services}/v2/apps/heard`;
    const ask200 = async (method: string, path: string, body?: object): Promise<void> => {
      const answer = await ask(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) });
      expect({ method, path, status: answer.status }).toEqual({ method, path, status: 200 });
    };
    const statesSince = (from: number): readonly unknown[] =>
      heard("status_update_event", from)
        .filter(({ appId }) => appId === "/heard")
        .map(({ taskStatus }) => taskStatus);
    const isOver = (from: number): boolean =>
      heard("deployment_success", from).length === 1 && heard("group_change_success", from).length === 1;
    const count = (from: number, state: string): number =>
      statesSince(from).filter((each) => each === state).length;

    let from = seen.length;
    await ask200("PUT", "", { instances: 2 });
    await eventually("scaled", () => isOver(from) && count(from, "TASK_RUNNING") === 1);
    expect(count(from, "TASK_KILLED")).toBe(0);

    from = seen.length;
    await ask200("PUT", "", { mem: 12 });
    await eventually("upgraded", () => isOver(from) && count(from, "TASK_KILLED") === 2);
    expect(count(from, "TASK_RUNNING")).toBe(2);

    from = seen.length;
    const { tasks } = await settled(cluster, "/heard");
    await ask200("DELETE", `/tasks/${tasks[0]?.id}`);
    await eventually("another in its place", () => count(from, "TASK_RUNNING") === 1);
    expect(heard("instance_changed_event", from)).toContainEqual(
      expect.objectContaining({ runSpecId: "/heard", condition: "Killed" }),
    );

    from = seen.length;
    await ask200("DELETE", "");
    await eventually("removed", () => isOver(from) && count(from, "TASK_KILLED") === 2);
    expect(heard("app_terminated_event", from)).toEqual([expect.objectContaining({ appId: "/heard" })]);
    expect(errors).toEqual([]);
  });
});
