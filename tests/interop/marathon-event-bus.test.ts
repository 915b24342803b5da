/** npm `marathon-event-bus-client`, unmodified, listens to `/v2/events` of a real cluster. */
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
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
];
let cluster: TestCluster;
let client: EventBusClient;
const errors: unknown[] = [];
const seen: {
  readonly type: string;
  readonly data: { readonly eventType: string; readonly timestamp: string };
}[] = [];

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
        (name: string, data: { eventType: string; timestamp: string }) => seen.push({ type: name, data }),
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
    await eventually("each type was seen", () =>
      types.every((type) => seen.some((event) => event.type === type)),
    );
    for (const { type, data } of seen) {
      expect(data.eventType).toBe(type);
      expect(Number.isNaN(Date.parse(data.timestamp))).toBe(false);
    }
    expect(errors).toEqual([]);
    const order = seen.map(({ type }) => type);
    expect(order.indexOf("deployment_success")).toBeGreaterThan(order.indexOf("deployment_info"));
  });
});
