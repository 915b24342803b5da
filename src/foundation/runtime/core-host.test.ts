import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Core, Outcome, Write } from "#foundation/base/core.ts";
import { createCoreHost } from "./core-host.ts";
import { createVirtualTime } from "./virtual-time.ts";

type Event = { readonly id: number; readonly writes: number; readonly effects: number };
type Effect = { readonly step: number; readonly index: number };

/** Writes and does what its events ask for; wakes once where `wakeAfterMs` says. */
class ScriptedCore implements Core<Event, Effect> {
  readonly applied: number[] = [];
  readonly woken: number[] = [];
  wakeAtMs: number | undefined;

  apply(event: Event): Outcome<Effect> {
    this.applied.push(event.id);
    return {
      writes: Array.from({ length: event.writes }, (_, index) => ({
        kind: "put" as const,
        key: `steps/${event.id}/${index}`,
        value: event.id,
      })),
      effects: Array.from({ length: event.effects }, (_, index) => ({ step: event.id, index })),
    };
  }
  wakeAt(): number | undefined {
    return this.wakeAtMs;
  }
  wake(now: number): Outcome<Effect> {
    this.woken.push(now);
    this.wakeAtMs = undefined;
    return { writes: [], effects: [{ step: -1, index: 0 }] };
  }
  snapshot() {
    return null;
  }
  check() {
    return [];
  }
}

/** A disk whose commits end when told to. */
class HeldStorage {
  readonly batches: (readonly Write[])[] = [];
  readonly durable = new Set<string>();
  readonly batchBytesMax: number | undefined;
  #waiting: { writes: readonly Write[]; resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(batchBytesMax?: number) {
    this.batchBytesMax = batchBytesMax;
  }
  get isBusy(): boolean {
    return this.#waiting !== undefined;
  }
  commit(writes: readonly Write[]): Promise<void> {
    expect(this.#waiting).toBeUndefined();
    this.batches.push(writes);
    return new Promise((resolve, reject) => {
      this.#waiting = { writes, resolve, reject };
    });
  }
  async finish(error?: Error): Promise<void> {
    const done = this.#waiting;
    this.#waiting = undefined;
    if (done === undefined) return;
    if (error === undefined) {
      for (const write of done.writes) this.durable.add(write.key);
      done.resolve();
    } else done.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function hosted(
  options: { maxQueuedSteps?: number; batchBytesMax?: number; perform?: (e: Effect) => void } = {},
) {
  const time = createVirtualTime();
  const storage = new HeldStorage(options.batchBytesMax);
  const core = new ScriptedCore();
  const performed: Effect[] = [];
  const fatal: Error[] = [];
  const host = createCoreHost<Event, Effect>({
    core,
    clock: time.clock,
    timers: time.timers,
    storage:
      storage.batchBytesMax === undefined
        ? { commit: (writes) => storage.commit(writes) }
        : { commit: (writes) => storage.commit(writes), batchBytesMax: storage.batchBytesMax },
    perform: (effect) => {
      performed.push(effect);
      options.perform?.(effect);
    },
    onFatal: (error) => fatal.push(error),
    ...(options.maxQueuedSteps === undefined ? {} : { maxQueuedSteps: options.maxQueuedSteps }),
    commitDeadlineMs: 1_000,
  });
  return { time, storage, core, performed, fatal, host };
}

const event = (id: number, writes: number, effects = 1): Event => ({ id, writes, effects });

describe("the host of a core", () => {
  it("performs at once what writes nothing", () => {
    const { host, performed, storage } = hosted();
    host.dispatch(event(1, 0, 2));
    expect(performed).toEqual([
      { step: 1, index: 0 },
      { step: 1, index: 1 },
    ]);
    expect(storage.batches).toEqual([]);
  });

  it("holds effects until their write is durable, and later effects behind them", async () => {
    const { host, performed, storage } = hosted();
    host.dispatch(event(1, 1));
    host.dispatch(event(2, 0));
    expect(performed).toEqual([]);
    await storage.finish();
    expect(performed.map((effect) => effect.step)).toEqual([1, 2]);
  });

  it("commits together what arrived while a commit ran", async () => {
    const { host, storage } = hosted();
    for (const id of [1, 2, 3, 4]) host.dispatch(event(id, 1));
    await storage.finish();
    expect(storage.batches.map((batch) => batch.length)).toEqual([1, 3]);
  });

  it("cuts a batch where the storage's limit is, and never inside a step", async () => {
    const { host, storage } = hosted({ batchBytesMax: 30 });
    for (const id of [1, 2, 3]) host.dispatch(event(id, 3));
    await storage.finish();
    await storage.finish();
    await storage.finish();
    expect(storage.batches.map((batch) => batch.length)).toEqual([3, 3, 3]);
  });

  it("never performs an effect before the writes of its step and of all earlier steps, in any run", async () => {
    const step = fc.record({
      writes: fc.integer({ min: 0, max: 2 }),
      effects: fc.integer({ min: 0, max: 2 }),
    });
    const action = fc.oneof(
      { weight: 3, arbitrary: step },
      { weight: 1, arbitrary: fc.constant("finish" as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const events: Event[] = [];
        const run = hosted({
          perform: (effect) => {
            for (const earlier of events.filter(({ id }) => id <= effect.step)) {
              for (let index = 0; index < earlier.writes; index += 1) {
                expect(run.storage.durable).toContain(`steps/${earlier.id}/${index}`);
              }
            }
          },
        });
        for (const next of actions) {
          if (next === "finish") await run.storage.finish();
          else {
            const made = { id: events.length, ...next };
            events.push(made);
            run.host.dispatch(made);
          }
        }
        while (run.storage.isBusy) await run.storage.finish();
        expect(run.fatal).toEqual([]);
        expect(run.performed).toEqual(
          events.flatMap(({ id, effects }) =>
            Array.from({ length: effects }, (_, index) => ({ step: id, index })),
          ),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("ends with a failed commit: told once, and no effect leaves afterwards", async () => {
    const { host, performed, storage, fatal, time } = hosted();
    host.dispatch(event(1, 1));
    host.dispatch(event(2, 0));
    await storage.finish(new Error("disk is gone"));
    host.dispatch(event(3, 0));
    await time.advanceAsync(10_000);
    expect(performed).toEqual([]);
    expect(fatal.map((error) => error.message)).toEqual(["disk is gone"]);
    await host.close();
  });

  it("ends when a commit is late, even if it succeeds afterwards", async () => {
    const { host, performed, storage, fatal, time } = hosted();
    host.dispatch(event(1, 1));
    time.advance(1_000);
    await storage.finish();
    expect(fatal).toMatchObject([{ code: "StorageFailed" }]);
    expect(performed).toEqual([]);
  });

  it("applies what `perform` dispatches after the step it came from", () => {
    const run = hosted({
      perform: (effect) => {
        if (effect.step === 1) run.host.dispatch(event(10 + effect.index, 0));
      },
    });
    run.host.dispatch(event(1, 0, 2));
    expect(run.performed.map((effect) => effect.step)).toEqual([1, 1, 10, 11]);
  });

  it("ends when an effect can't be performed", () => {
    const { host, fatal } = hosted({
      perform: () => {
        throw new Error("no such effect");
      },
    });
    host.dispatch(event(1, 0));
    expect(fatal.map((error) => error.message)).toEqual(["no such effect"]);
  });

  it("refuses events when too many steps wait for the disk", () => {
    const { host } = hosted({ maxQueuedSteps: 2 });
    host.dispatch(event(1, 1));
    host.dispatch(event(2, 1));
    expect(() => host.dispatch(event(3, 1))).toThrow(expect.objectContaining({ code: "Overloaded" }));
  });

  it("wakes the core when it asked to, and no timer is left after close", async () => {
    const { host, core, time } = hosted();
    const start = time.clock.now();
    core.wakeAtMs = start + 500;
    host.dispatch(event(1, 0));
    time.advance(499);
    expect(core.woken).toEqual([]);
    time.advance(1);
    expect(core.woken).toEqual([start + 500]);
    core.wakeAtMs = start + 5_000;
    host.dispatch(event(2, 0));
    expect(time.pendingTimers()).toBe(1);
    await host.close();
    expect(time.pendingTimers()).toBe(0);
  });

  it("lets what it took become durable and leave before it is closed", async () => {
    const { host, performed, storage } = hosted();
    host.dispatch(event(1, 1));
    host.dispatch(event(2, 1));
    const closed = host.close();
    host.dispatch(event(3, 1));
    await storage.finish();
    await storage.finish();
    await closed;
    expect(performed.map((effect) => effect.step)).toEqual([1, 2]);
  });
});
