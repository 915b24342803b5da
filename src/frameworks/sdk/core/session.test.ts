import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SchedulerEvent } from "#contracts/kernel/messages.gen.ts";
import type { Core } from "#foundation/base/core.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { resolveRedirect } from "./redirect.ts";
import { createSession, defaultSessionPolicy, type SessionEffect, type SessionEvent } from "./session.ts";

const info = { user: "", name: "test", roles: ["*"] };

class Told {
  readonly effects: SessionEffect[] = [];
  readonly core: Core<SessionEvent, SessionEffect>;
  now = 1_000;

  constructor(options: { frameworkId?: string; seed?: number; masterUrl?: string | undefined } = {}) {
    const id = options.frameworkId === undefined ? {} : { id: { value: options.frameworkId } };
    this.core = createSession({
      masterUrl: "masterUrl" in options ? options.masterUrl : "http://master-1:5050",
      frameworkInfo: { ...info, ...id },
      random: seededRandom(options.seed ?? 1),
    });
  }

  tell(event: SessionEvent): readonly SessionEffect[] {
    const { effects } = this.core.apply(event, this.now);
    this.effects.push(...effects);
    return effects;
  }

  /** Waits for what the machine waits for. */
  wake(): readonly SessionEffect[] {
    this.now = Math.max(this.now, this.core.wakeAt() ?? this.now);
    const { effects } = this.core.wake(this.now);
    this.effects.push(...effects);
    return effects;
  }

  attempt(): number {
    const opens = this.effects.filter((effect) => effect.kind === "openStream");
    return opens.at(-1)?.attempt ?? 0;
  }

  opened(status = 200, more: { streamId?: string; location?: string } = { streamId: "stream-1" }) {
    return this.tell({
      kind: "streamOpened",
      attempt: this.attempt(),
      status,
      streamId: more.streamId,
      location: more.location,
    });
  }

  told(event: SchedulerEvent) {
    return this.tell({ kind: "streamTold", attempt: this.attempt(), event });
  }

  subscribe(frameworkId = "framework-1"): void {
    this.wake();
    this.opened();
    this.told({
      type: "SUBSCRIBED",
      subscribed: { framework_id: { value: frameworkId }, heartbeat_interval_seconds: 15 },
    });
  }

  kinds(): string[] {
    return this.effects.map((effect) => effect.kind);
  }
}

describe("a master that moves", () => {
  const moved = (told: Told, masterUrl: string | undefined) => told.tell({ kind: "masterMoved", masterUrl });
  const urls = (told: Told): string[] =>
    told.effects.flatMap((effect) => (effect.kind === "openStream" ? [effect.url] : []));
  const [first, second] = [1, 2].map((number) => `http://master-${number}:5050/api/v1/scheduler`);

  it("is waited for while none is known, however long", () => {
    const told = new Told({ masterUrl: undefined });
    expect(told.core.wakeAt()).toBeUndefined();
    expect(told.tell({ kind: "callAsked", call: { type: "REVIVE" } })).toMatchObject([
      { kind: "refuseCall" },
    ]);
    moved(told, "http://master-1:5050");
    told.wake();
    expect(urls(told)).toEqual([first]);
  });

  it("ends the stream of the former one at once, and is asked at once", () => {
    const told = new Told();
    told.subscribe();
    expect(moved(told, "http://master-2:5050").map(({ kind }) => kind)).toEqual([
      "disconnect",
      "abortStream",
    ]);
    expect(told.core.wakeAt()).toBe(told.now);
    told.wake();
    expect(urls(told)).toEqual([first, second]);
    expect(told.effects.at(-1)).toMatchObject({ call: { framework_id: { value: "framework-1" } } });
  });

  it("that nobody knows any more is not asked again, whatever its streams still say", () => {
    const told = new Told();
    told.subscribe();
    moved(told, undefined);
    told.told({ type: "SUBSCRIBED", subscribed: { framework_id: { value: "framework-1" } } });
    told.tell({ kind: "streamEnded", attempt: told.attempt(), cause: "reset" });
    expect(told.core.wakeAt()).toBeUndefined();
    expect(told.kinds().filter((kind) => kind === "deliver")).toHaveLength(1);
  });

  it("is not waited for longer because the former one was often in vain", () => {
    const told = new Told();
    for (let failures = 0; failures < 10; failures += 1) {
      told.wake();
      told.tell({ kind: "streamEnded", attempt: told.attempt(), cause: "refused" });
    }
    moved(told, "http://master-2:5050");
    expect(told.core.wakeAt()).toBe(told.now);
    told.wake();
    expect(urls(told).at(-1)).toBe(second);
  });
});

describe("subscribing", () => {
  it("begins at once, without an id the first time", () => {
    const told = new Told();
    expect(told.wake()).toEqual([
      {
        kind: "openStream",
        attempt: 1,
        url: "http://master-1:5050/api/v1/scheduler",
        call: { type: "SUBSCRIBE", subscribe: { framework_info: info } },
      },
    ]);
  });

  it("names the framework id in both places when there was one before", () => {
    const [open] = new Told({ frameworkId: "framework-7" }).wake();
    expect(open).toMatchObject({
      call: {
        framework_id: { value: "framework-7" },
        subscribe: { framework_info: { id: { value: "framework-7" } } },
      },
    });
  });

  it("keeps the id that the master gave for the next time", () => {
    const told = new Told();
    told.subscribe("framework-9");
    told.tell({ kind: "streamEnded", attempt: 1, cause: "reset" });
    expect(told.wake()[0]).toMatchObject({ call: { framework_id: { value: "framework-9" } } });
  });

  it("delivers SUBSCRIBED and what follows, but no heartbeats", () => {
    const told = new Told();
    told.subscribe();
    told.told({ type: "HEARTBEAT" });
    told.told({ type: "OFFERS", offers: { offers: [] } });
    const delivered = told.effects.filter((effect) => effect.kind === "deliver");
    expect(delivered.map(({ event }) => event.type)).toEqual(["SUBSCRIBED", "OFFERS"]);
  });

  it("doesn't hear a stream that isn't the present one", () => {
    const told = new Told();
    told.subscribe();
    expect(told.tell({ kind: "streamTold", attempt: 0, event: { type: "OFFERS" } })).toEqual([]);
    expect(told.tell({ kind: "streamEnded", attempt: 0, cause: "late" })).toEqual([]);
  });

  it.each([
    ["a refusal", 503, undefined],
    ["a stream without an id", 200, undefined],
    ["a bad request", 400, "stream-1"],
  ])("tries again after %s", (_name, status, streamId) => {
    const told = new Told();
    told.wake();
    const effects = told.opened(status, streamId === undefined ? {} : { streamId });
    expect(effects.map((effect) => effect.kind)).toEqual(["abortStream"]);
    expect(told.wake().map((effect) => effect.kind)).toEqual(["openStream"]);
    expect(told.attempt()).toBe(2);
  });

  it("gives up a stream on which SUBSCRIBED doesn't come", () => {
    const told = new Told();
    told.wake();
    told.opened();
    expect(told.wake().map((effect) => effect.kind)).toEqual(["abortStream"]);
    expect(told.now).toBe(1_000 + defaultSessionPolicy.subscribeTimeoutMs);
  });
});

describe("the leader is elsewhere", () => {
  it("follows a redirect without waiting", () => {
    const told = new Told();
    told.wake();
    const effects = told.opened(307, { location: "//master-2:5050/api/v1/scheduler" });
    expect(effects).toMatchObject([
      { kind: "abortStream", attempt: 1 },
      { kind: "openStream", attempt: 2, url: "http://master-2:5050/api/v1/scheduler" },
    ]);
  });

  it("stops following when redirects go round, and comes home", () => {
    const told = new Told();
    told.wake();
    for (let count = 0; count < defaultSessionPolicy.redirectsMax; count += 1) {
      told.opened(307, { location: "//master-2:5050/api/v1/scheduler" });
    }
    const effects = told.opened(307, { location: "//master-2:5050/api/v1/scheduler" });
    expect(effects.map((effect) => effect.kind)).toEqual(["abortStream"]);
    expect(told.wake()).toMatchObject([{ url: "http://master-1:5050/api/v1/scheduler" }]);
  });

  it("follows a redirect of a call by subscribing there", () => {
    const told = new Told();
    told.subscribe();
    const effects = told.tell({
      kind: "callAnswered",
      attempt: 1,
      status: 307,
      location: "//master-3:5050/api/v1/scheduler",
      body: "",
    });
    expect(effects.map((effect) => effect.kind)).toEqual(["disconnect", "abortStream", "openStream"]);
  });

  it.each([
    ["//m:1/x", "http://m:1/x"],
    ["https://m/x", "https://m/x"],
    ["/elsewhere", "http://home:5050/elsewhere"],
    ["ftp://m/x", undefined],
    ["http://", undefined],
  ])("resolves %s to %s", (location, expected) => {
    expect(resolveRedirect("http://home:5050/api/v1/scheduler", location)).toBe(expected);
  });
});

describe("a stream that breaks", () => {
  it("is broken after five heartbeats that didn't come", () => {
    const told = new Told();
    told.subscribe();
    const subscribedAt = told.now;
    expect(told.core.wakeAt()).toBe(subscribedAt + 75_000);
    expect(told.wake().map((effect) => effect.kind)).toEqual(["abortStream", "disconnect"]);
  });

  it("lives on with every word of the master", () => {
    const told = new Told();
    told.subscribe();
    told.now += 70_000;
    told.told({ type: "HEARTBEAT" });
    expect(told.core.wakeAt()).toBe(told.now + 75_000);
  });

  it.each([
    [403, "Framework is not subscribed"],
    [400, "The stream ID is not the present one"],
    [400, "Framework cannot be found"],
  ])("is given up when a call is answered %i %s", (status, body) => {
    const told = new Told();
    told.subscribe();
    const effects = told.tell({ kind: "callAnswered", attempt: 1, status, location: undefined, body });
    expect(effects.map((effect) => effect.kind)).toEqual(["abortStream", "disconnect"]);
  });

  it.each([
    [202, ""],
    [400, "Failed to validate scheduler::Call"],
    [503, "overloaded"],
  ])("goes on when a call is answered %i %s", (status, body) => {
    const told = new Told();
    told.subscribe();
    expect(told.tell({ kind: "callAnswered", attempt: 1, status, location: undefined, body })).toEqual([]);
  });

  it("is subscribed to again after waits that double up to a bound, between half and the whole", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        const told = new Told({ seed });
        told.wake();
        for (let failures = 0; failures < 12; failures += 1) {
          told.tell({ kind: "streamEnded", attempt: told.attempt(), cause: "refused" });
          const whole = Math.min(100 * 2 ** failures, 15_000);
          const waitMs = (told.core.wakeAt() ?? 0) - told.now;
          expect(waitMs).toBeGreaterThanOrEqual(whole / 2);
          expect(waitMs).toBeLessThanOrEqual(whole);
          told.wake();
        }
      }),
    );
  });

  it("starts with short waits again after it was subscribed", () => {
    const told = new Told();
    told.wake();
    for (let failures = 0; failures < 8; failures += 1) {
      told.tell({ kind: "streamEnded", attempt: told.attempt(), cause: "refused" });
      told.wake();
    }
    told.opened();
    told.told({ type: "SUBSCRIBED", subscribed: { framework_id: { value: "f" } } });
    told.tell({ kind: "streamEnded", attempt: told.attempt(), cause: "reset" });
    expect((told.core.wakeAt() ?? 0) - told.now).toBeLessThanOrEqual(100);
  });
});

describe("calls", () => {
  const call = { type: "REVIVE" as const };

  it("carry the framework id and the stream id", () => {
    const told = new Told();
    told.subscribe();
    expect(told.tell({ kind: "callAsked", call })).toEqual([
      {
        kind: "sendCall",
        attempt: 1,
        url: "http://master-1:5050/api/v1/scheduler",
        streamId: "stream-1",
        call: { type: "REVIVE", framework_id: { value: "framework-1" } },
      },
    ]);
  });

  it("are refused before, between and after subscriptions", () => {
    const told = new Told();
    const refusal = [{ kind: "refuseCall", call, reason: "not subscribed" }];
    expect(told.tell({ kind: "callAsked", call })).toEqual(refusal);
    told.subscribe();
    told.tell({ kind: "streamEnded", attempt: 1, cause: "reset" });
    expect(told.tell({ kind: "callAsked", call })).toEqual(refusal);
    told.tell({ kind: "closed" });
    expect(told.tell({ kind: "callAsked", call })).toMatchObject([{ kind: "refuseCall" }]);
  });
});

describe("the end", () => {
  it("comes with an ERROR of the master", () => {
    const told = new Told();
    told.subscribe();
    const effects = told.told({ type: "ERROR", error: { message: "Framework has been removed" } });
    expect(effects).toEqual([
      { kind: "disconnect", reason: "Framework has been removed" },
      { kind: "abortStream", attempt: 1 },
      { kind: "stop", reason: "Framework has been removed" },
    ]);
    expect(told.core.wakeAt()).toBeUndefined();
  });

  it("comes with an ERROR in place of SUBSCRIBED too", () => {
    const told = new Told();
    told.wake();
    told.opened();
    const effects = told.told({ type: "ERROR", error: { message: "invalid role" } });
    expect(effects.map((effect) => effect.kind)).toEqual(["abortStream", "stop"]);
  });

  it("comes with close, and nothing is heard after it", () => {
    const told = new Told();
    told.subscribe();
    expect(told.tell({ kind: "closed" }).map((effect) => effect.kind)).toEqual(["disconnect", "abortStream"]);
    expect(told.told({ type: "OFFERS" })).toEqual([]);
    expect(told.core.wakeAt()).toBeUndefined();
  });
});

const anEvent: fc.Arbitrary<SessionEvent> = fc.oneof(
  fc.record({
    kind: fc.constant("streamOpened" as const),
    attempt: fc.nat(6),
    status: fc.constantFrom(200, 200, 307, 503),
    streamId: fc.constantFrom("stream-1", undefined),
    location: fc.constantFrom("//other:5050/api/v1/scheduler", undefined),
  }),
  fc.record({
    kind: fc.constant("streamTold" as const),
    attempt: fc.nat(6),
    event: fc.constantFrom<SchedulerEvent>(
      { type: "SUBSCRIBED", subscribed: { framework_id: { value: "f" } } },
      { type: "SUBSCRIBED" },
      { type: "HEARTBEAT" },
      { type: "OFFERS" },
      {},
    ),
  }),
  fc.record({ kind: fc.constant("streamEnded" as const), attempt: fc.nat(6), cause: fc.constant("gone") }),
  fc.record({ kind: fc.constant("callAsked" as const), call: fc.constant({ type: "REVIVE" as const }) }),
  fc.record({
    kind: fc.constant("callAnswered" as const),
    attempt: fc.nat(6),
    status: fc.constantFrom(202, 307, 400, 403, 500),
    location: fc.constantFrom("//other:5050/api/v1/scheduler", undefined),
    body: fc.constantFrom("", "Framework cannot be found"),
  }),
);

describe("any session", () => {
  it("has one stream at a time, sends calls on it only, and never comes to rest unsubscribed", () => {
    fc.assert(
      fc.property(fc.array(fc.option(anEvent), { minLength: 20, maxLength: 80, size: "max" }), (events) => {
        const told = new Told();
        const open = new Set<number>();
        let isConnected = false;
        for (const event of events) {
          for (const effect of event === null ? told.wake() : told.tell(event)) {
            if (effect.kind === "openStream") open.add(effect.attempt);
            if (effect.kind === "abortStream") open.delete(effect.attempt);
            if (effect.kind === "sendCall") expect(effect.attempt).toBe(told.attempt());
            if (effect.kind === "disconnect") isConnected = false;
            if (effect.kind === "deliver" && effect.event.type === "SUBSCRIBED") isConnected = true;
            if (effect.kind === "deliver" || effect.kind === "sendCall") expect(isConnected).toBe(true);
          }
          if (event?.kind === "streamEnded") open.delete(event.attempt);
          expect([...open].every((attempt) => attempt === told.attempt())).toBe(true);
          expect(told.core.check()).toEqual([]);
          expect(told.core.wakeAt()).toBeDefined();
        }
      }),
    );
  });
});
