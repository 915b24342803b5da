/** Events of Services to many listeners, over real sockets to a process of their own. CPU is that of who publishes. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { EventStreams } from "../../src/frameworks/services/shell/index.ts";
import type { ListenersAsked } from "./event-readers-process.ts";
import { type Benchmark, type Figure, measure } from "./frame.ts";

/** Published, as the core publishes, many in one turn of the loop. */
const events = 2_000;
const inOneTurn = 50;

const entry = fileURLToPath(new URL("event-readers-process.ts", import.meta.url));

const published = (index: number) => ({
  eventType: "status_update_event",
  timestamp: "2026-01-01T00:00:00.000Z",
  slaveId: "0c9f7a1e-7d2c-4c55-a2a2-000000000000-S1",
  taskId: `app_one.instance-0c9f7a1e-7d2c-4c55-a2a2-${String(index).padStart(12, "0")}._app.1`,
  taskStatus: "TASK_RUNNING",
  message: "",
  appId: "/app/one",
  host: "10.0.0.1",
  ipAddresses: [{ ipAddress: "10.0.0.1", protocol: "IPv4" }],
  ports: [31_000, 31_001],
  version: "2026-01-01T00:00:00.000Z",
});

async function run(listeners: number): Promise<Figure> {
  const streams = new EventStreams(() => 1_700_000_000_000, "bench");
  const server = createServer((_request, response) =>
    streams.open(response, {
      remoteAddress: "127.0.0.1",
      types: new Set(["status_update_event"]),
      wantsIds: false,
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const child = fork(entry);
  try {
    await once(child, "message");
    child.send({ port, listeners, events: events * listeners } satisfies ListenersAsked);
    while (streams.size < listeners) await new Promise((resolve) => setTimeout(resolve, 10));
    const heard = once(child, "message");
    return await measure(listeners, events * listeners, async () => {
      for (let index = 0; index < events; index += 1) {
        streams.publish(published(index));
        if (index % inOneTurn === inOneTurn - 1) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await heard;
    });
  } finally {
    child.kill();
    streams.close();
    server.closeAllConnections();
    server.close();
  }
}

export const benchmarks: readonly Benchmark[] = [
  {
    name: "events",
    operation: "one event of Services to one of n listeners",
    target: "a slope of at most 0.2",
    sizes: [1, 10, 100, 1_000],
    isInProcess: true,
    run: async (listeners) => {
      // Once for the compiler.
      await run(1);
      return run(listeners);
    },
  },
];
