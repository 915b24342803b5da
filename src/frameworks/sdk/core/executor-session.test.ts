import { describe, expect, it } from "vitest";
import type { ExecutorCall, ExecutorEvent, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { seededRandom } from "#foundation/base/random.ts";
import {
  defaultExecutorPolicy,
  type ExecutorPolicy,
  ExecutorSession,
  type ExecutorSessionEffect,
  type ExecutorSessionEvent,
} from "./executor-session.ts";

const task = (id: string): TaskInfo => ({
  name: id,
  task_id: { value: id },
  agent_id: { value: "agent-1" },
});
const launch = (id: string): ExecutorEvent => ({ type: "LAUNCH", launch: { task: task(id) } });

class Told {
  readonly effects: ExecutorSessionEffect[] = [];
  readonly core: ExecutorSession;
  now = 1_000;

  constructor(policy: Partial<ExecutorPolicy> = {}) {
    this.core = new ExecutorSession({
      identity: { frameworkId: "framework-1", executorId: "executor-1" },
      random: seededRandom(1),
      policy: { ...defaultExecutorPolicy, recoveryTimeoutMs: 60_000, ...policy },
    });
  }

  tell(event: ExecutorSessionEvent): readonly ExecutorSessionEffect[] {
    const { effects } = this.core.apply(event, this.now);
    this.effects.push(...effects);
    return effects;
  }

  wake(): readonly ExecutorSessionEffect[] {
    this.now = Math.max(this.now, this.core.wakeAt() ?? this.now);
    const { effects } = this.core.wake(this.now);
    this.effects.push(...effects);
    return effects;
  }

  get attempt(): number {
    return this.effects.findLast((effect) => effect.kind === "openStream")?.attempt ?? 0;
  }

  told(event: ExecutorEvent): readonly ExecutorSessionEffect[] {
    return this.tell({ kind: "streamTold", attempt: this.attempt, event });
  }

  subscribe(): readonly ExecutorSessionEffect[] {
    this.wake();
    this.tell({ kind: "streamOpened", attempt: this.attempt, status: 200 });
    return this.told({ type: "SUBSCRIBED" });
  }

  running(id: string): readonly ExecutorSessionEffect[] {
    return this.tell({ kind: "updateAsked", status: { task_id: { value: id }, state: "TASK_RUNNING" } });
  }

  lose(): readonly ExecutorSessionEffect[] {
    return this.tell({ kind: "streamEnded", attempt: this.attempt, cause: "reset" });
  }
}

const callsOf = (effects: readonly ExecutorSessionEffect[]): readonly ExecutorCall[] =>
  effects.flatMap((effect) =>
    effect.kind === "sendCall" || effect.kind === "openStream" ? [effect.call] : [],
  );

describe("updates", () => {
  it("carry a uuid, the source and the executor, and go at once", () => {
    const told = new Told();
    told.subscribe();
    const [call] = callsOf(told.running("a"));
    expect(call).toMatchObject({
      type: "UPDATE",
      framework_id: { value: "framework-1" },
      executor_id: { value: "executor-1" },
      update: { status: { state: "TASK_RUNNING", source: "SOURCE_EXECUTOR" } },
    });
    expect(Buffer.from(call?.update?.status.uuid ?? "", "base64")).toHaveLength(16);
  });

  it("are told again with the next subscription, with the tasks nothing was taken of", () => {
    const told = new Told();
    told.subscribe();
    told.told(launch("a"));
    told.told(launch("b"));
    const [first] = callsOf(told.running("a"));
    told.running("b");
    const uuid = first?.update?.status.uuid ?? "";
    told.told({ type: "ACKNOWLEDGED", acknowledged: { task_id: { value: "a" }, uuid } });
    told.lose();
    const [subscribe] = callsOf(told.wake());
    expect(subscribe?.subscribe?.unacknowledged_tasks?.map(({ task_id }) => task_id.value)).toEqual(["b"]);
    expect(subscribe?.subscribe?.unacknowledged_updates?.map(({ status }) => status.task_id.value)).toEqual([
      "b",
    ]);
  });

  it("made while subscribing follow the subscription that could not carry them", () => {
    const told = new Told();
    told.wake();
    told.running("a");
    told.tell({ kind: "streamOpened", attempt: 1, status: 200 });
    const calls = callsOf(told.told({ type: "SUBSCRIBED" }));
    expect(calls.map(({ update }) => update?.status.task_id.value)).toEqual(["a"]);
  });

  it("have a bound", () => {
    const told = new Told({ unacknowledgedMax: 1 });
    told.subscribe();
    told.running("a");
    expect(told.running("b")).toEqual([
      { kind: "refuse", what: "UPDATE", reason: "too many updates wait for the agent" },
    ]);
  });

  it("that the agent refuses are given up, and said", () => {
    const told = new Told();
    told.subscribe();
    const [call] = callsOf(told.running("a"));
    if (call === undefined) throw new Error("no call");
    const answer = { kind: "callAnswered", attempt: 1, call, status: 400, body: "no" } as const;
    expect(told.tell(answer)).toEqual([{ kind: "refuse", what: "UPDATE", reason: "400 no" }]);
    told.lose();
    expect(callsOf(told.wake())[0]?.subscribe?.unacknowledged_updates).toEqual([]);
  });
});

describe("an agent that is away", () => {
  it("is asked again for as long as the framework lets it recover, then the executor ends", () => {
    const told = new Told({ recoveryTimeoutMs: 10_000 });
    told.subscribe();
    told.lose();
    let tries = 0;
    while (told.effects.at(-1)?.kind !== "stop" && tries < 100) {
      tries += 1;
      told.wake();
      told.lose();
    }
    expect(told.effects.at(-1)).toEqual({ kind: "stop", reason: "the agent is away: reset" });
    expect(told.now).toBeGreaterThanOrEqual(11_000);
    expect(tries).toBeGreaterThan(4);
    expect(told.core.wakeAt()).toBeUndefined();
  });

  it("ends it at once when the framework does not checkpoint", () => {
    const told = new Told({ recoveryTimeoutMs: 0 });
    told.subscribe();
    expect(told.lose().map(({ kind }) => kind)).toEqual(["disconnect", "stop"]);
  });

  it("is waited for when it was never there: the registration timeout is the agent's", () => {
    const told = new Told({ recoveryTimeoutMs: 0 });
    for (let tries = 0; tries < 20; tries += 1) {
      told.wake();
      told.lose();
    }
    expect(told.effects.some(({ kind }) => kind === "stop")).toBe(false);
  });

  it("may answer 503 while it recovers", () => {
    const told = new Told();
    told.subscribe();
    const [call] = callsOf(told.running("a"));
    if (call === undefined) throw new Error("no call");
    told.tell({ kind: "callAnswered", attempt: 1, call, status: 503, body: "" });
    expect(callsOf(told.wake())[0]?.subscribe?.unacknowledged_updates).toHaveLength(1);
  });
});

it("an ERROR of the agent ends the session, and everything after it is refused", () => {
  const told = new Told();
  told.subscribe();
  expect(told.told({ type: "ERROR", error: { message: "unknown executor" } }).at(-1)).toEqual({
    kind: "stop",
    reason: "unknown executor",
  });
  expect(told.running("a")).toEqual([{ kind: "refuse", what: "UPDATE", reason: "the session has ended" }]);
  expect(told.tell({ kind: "messageAsked", data: "" })[0]).toMatchObject({ kind: "refuse", what: "MESSAGE" });
});
