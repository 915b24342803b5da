import { afterEach, expect, it } from "vitest";
import type { SchedulerCall, SchedulerEvent } from "#contracts/kernel/messages.gen.ts";
import {
  createHttpServer,
  empty,
  encodeRecord,
  type HttpServer,
  openStream,
  type StreamWriter,
  takeOver,
  text,
} from "#foundation/http/index.ts";
import { connectScheduler, type Scheduler, type SchedulerOptions } from "../index.ts";

/** A master that says what it is told to say and remembers what it hears. */
class FakeMaster {
  readonly calls: SchedulerCall[] = [];
  readonly streams: StreamWriter[] = [];
  readonly #waiting: (() => void)[] = [];
  server: HttpServer | undefined;
  answer: (call: SchedulerCall) => ReturnType<typeof empty> = () => empty(202);

  async start(): Promise<string> {
    const server = createHttpServer({
      host: "127.0.0.1",
      port: 0,
      shapeFailure: ({ status, message }) => text(message, status),
    });
    server.route({
      method: "POST",
      path: "/api/v1/scheduler",
      handler: async ({ body }) => {
        const call = JSON.parse(body.toString()) as SchedulerCall;
        this.calls.push(call);
        for (const wake of this.#waiting.splice(0)) wake();
        if (call.type !== "SUBSCRIBE") return this.answer(call);
        return takeOver((response) => {
          const id = `stream-${this.streams.length + 1}`;
          const stream = openStream(response, { "content-type": "application/json", "mesos-stream-id": id });
          this.streams.push(stream);
          this.say({
            type: "SUBSCRIBED",
            subscribed: { framework_id: { value: "framework-1" }, heartbeat_interval_seconds: 15 },
          });
        });
      },
    });
    this.server = server;
    return (await server.listen()).url;
  }

  say(event: SchedulerEvent): void {
    this.streams.at(-1)?.send(encodeRecord(JSON.stringify(event)));
  }

  /** Waits until a call like this was heard. */
  async heard(type: string, count = 1): Promise<SchedulerCall> {
    for (;;) {
      const matching = this.calls.filter((call) => call.type === type);
      const found = matching[count - 1];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function connected(
  options: Partial<SchedulerOptions> = {},
): Promise<{ master: FakeMaster; scheduler: Scheduler; events: SchedulerEvent[]; failed: string[] }> {
  const master = new FakeMaster();
  const masterUrl = await master.start();
  closers.push(async () => master.server?.close());
  const events: SchedulerEvent[] = [];
  const failed: string[] = [];
  let tell = (): void => {};
  const first = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const scheduler = connectScheduler({
    masterUrl,
    frameworkInfo: { user: "", name: "test", roles: ["*"] },
    onCallFailed: (call, reason) => failed.push(`${call.type}: ${reason}`),
    policy: { backoffMinMs: 1, backoffMaxMs: 10 },
    ...options,
    onEvent: (event) => {
      events.push(event);
      if (event.type === "SUBSCRIBED") tell();
      return options.onEvent?.(event);
    },
  });
  closers.push(() => scheduler.close());
  await first;
  return { master, scheduler, events, failed };
}

const update: SchedulerEvent = {
  type: "UPDATE",
  update: {
    status: {
      task_id: { value: "task-1" },
      agent_id: { value: "agent-1" },
      state: "TASK_RUNNING",
      uuid: "AAAAAAAAAAAAAAAAAAAAAA==",
    },
  },
};

it("subscribes, makes calls on the stream, and keeps their order", async () => {
  const { master, scheduler } = await connected();
  for (let count = 0; count < 50; count += 1) {
    scheduler.call({ type: "KILL", kill: { task_id: { value: `task-${count}` } } });
  }
  await master.heard("KILL", 50);
  const kills = master.calls.filter((call) => call.type === "KILL");
  expect(kills.map((call) => call.kill?.task_id.value)).toEqual(
    Array.from({ length: 50 }, (_, count) => `task-${count}`),
  );
  expect(kills[0]?.framework_id).toEqual({ value: "framework-1" });
});

it("subscribes again with its id when the stream ends", async () => {
  const { master } = await connected();
  master.streams[0]?.close();
  const again = await master.heard("SUBSCRIBE", 2);
  expect(again.framework_id).toEqual({ value: "framework-1" });
  expect(again.subscribe?.framework_info.id).toEqual({ value: "framework-1" });
});

it("acknowledges by itself only after the handler's promise is kept", async () => {
  let keep = (): void => {};
  const stored = new Promise<void>((resolve) => {
    keep = resolve;
  });
  const { master, scheduler } = await connected({
    acknowledgement: "afterHandler",
    onEvent: (event) => (event.type === "UPDATE" ? stored : undefined),
  });
  master.say(update);
  scheduler.call({ type: "REVIVE" });
  await master.heard("REVIVE");
  expect(master.calls.some((call) => call.type === "ACKNOWLEDGE")).toBe(false);
  keep();
  const { acknowledge } = await master.heard("ACKNOWLEDGE");
  expect(acknowledge?.task_id.value).toBe("task-1");
});

it("leaves an update unacknowledged when its handler fails", async () => {
  const { master, scheduler, failed } = await connected({
    acknowledgement: "afterHandler",
    onEvent: async (event) => {
      if (event.type === "UPDATE") throw new Error("disk full");
    },
  });
  master.say(update);
  // A later update makes sure that the first one was handled.
  master.say({ type: "RESCIND", rescind: { offer_id: { value: "o" } } });
  scheduler.call({ type: "REVIVE" });
  await master.heard("REVIVE");
  scheduler.call({ type: "SUPPRESS" });
  await master.heard("SUPPRESS");
  expect(master.calls.some((call) => call.type === "ACKNOWLEDGE")).toBe(false);
  expect(failed).toEqual(["ACKNOWLEDGE: the handler failed: disk full"]);
});

it("reconciles what the framework believes in, then all, on each new stream", async () => {
  const { master } = await connected({
    tasksToReconcile: () => [{ taskId: "task-1", agentId: "agent-1" }, { taskId: "task-2" }],
  });
  await master.heard("RECONCILE", 2);
  master.streams[0]?.close();
  await master.heard("RECONCILE", 4);
  const named = master.calls
    .filter((call) => call.type === "RECONCILE")
    .map((call) => call.reconcile?.tasks?.length ?? 0);
  expect(named).toEqual([2, 0, 2, 0]);
});

it("tells of calls that the master refuses", async () => {
  const { master, scheduler, failed } = await connected();
  master.answer = (call) => (call.type === "KILL" ? text("Failed to validate", 400) : empty(202));
  scheduler.call({ type: "KILL", kill: { task_id: { value: "t" } } });
  scheduler.call({ type: "REVIVE" });
  await master.heard("REVIVE");
  expect(failed).toEqual(["KILL: 400 Failed to validate"]);
});

it("ends when the master says that the framework is gone", async () => {
  const master = new FakeMaster();
  const masterUrl = await master.start();
  closers.push(async () => master.server?.close());
  const reason = await new Promise<string>((resolve) => {
    const scheduler = connectScheduler({
      masterUrl,
      frameworkInfo: { user: "", name: "test", roles: ["*"] },
      onEvent: () => master.say({ type: "ERROR", error: { message: "Framework has been removed" } }),
      onStopped: resolve,
    });
    closers.push(() => scheduler.close());
  });
  expect(reason).toBe("Framework has been removed");
});
