import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HealthCheckPlan } from "#domain/health/index.ts";
import { checkStatusOf, type HealthState, type ProbeResult, stepHealthCheck } from "./check-results.ts";

const plan: HealthCheckPlan = {
  probe: { kind: "tcp", host: "127.0.0.1", port: 1 },
  delayMs: 0,
  intervalMs: 1_000,
  timeoutMs: 1_000,
  failuresMax: 2,
  gracePeriodMs: 10_000,
};
const well: ProbeResult = { kind: "tcp", connected: true };
const ill: ProbeResult = { kind: "tcp", connected: false };
const healthy: HealthState = { isHealthy: true, hasSucceeded: true, failures: 0 };
const unhealthy = (failures: number, hasSucceeded = true): HealthState => ({
  isHealthy: false,
  hasSucceeded,
  failures,
  failure: "no TCP connection",
});

const cases: readonly {
  readonly name: string;
  readonly before: HealthState | undefined;
  readonly result: ProbeResult;
  /** After the task's start. */
  readonly atMs?: number;
  readonly failuresMax?: number;
  readonly after: ReturnType<typeof stepHealthCheck>;
}[] = [
  {
    name: "the first success is told",
    before: undefined,
    result: well,
    after: { health: healthy, tells: true, kills: false },
  },
  {
    name: "one more is not",
    before: healthy,
    result: well,
    after: { health: healthy, tells: false, kills: false },
  },
  {
    name: "one after failures is, and they are forgotten",
    before: unhealthy(1),
    result: well,
    after: { health: healthy, tells: true, kills: false },
  },
  {
    name: "a failure within the grace is nothing",
    before: undefined,
    result: ill,
    atMs: 9_999,
    after: { health: undefined, tells: false, kills: false },
  },
  {
    name: "one when the grace is over counts",
    before: undefined,
    result: ill,
    atMs: 10_000,
    after: { health: unhealthy(1, false), tells: true, kills: false },
  },
  {
    name: "after the first success there is no grace",
    before: healthy,
    result: ill,
    atMs: 5_000,
    after: { health: unhealthy(1), tells: true, kills: false },
  },
  {
    name: "each failure is told, and the last one allowed ends the task",
    before: unhealthy(1),
    result: ill,
    after: { health: unhealthy(2), tells: true, kills: true },
  },
  {
    name: "none ends it when none may",
    before: unhealthy(99),
    result: ill,
    failuresMax: 0,
    after: { health: unhealthy(100), tells: true, kills: false },
  },
];

describe("a health check's result", () => {
  for (const { name, before, result, atMs = 20_000, failuresMax = 2, after } of cases) {
    it(name, () => {
      const event = { result, at: 50_000 + atMs, runningAt: 50_000 };
      expect(stepHealthCheck(before, event, { ...plan, failuresMax })).toEqual(after);
    });
  }

  const results: readonly { readonly result: ProbeResult; readonly failure: string | undefined }[] = [
    { result: { kind: "command", exitCode: 0, output: "noise" }, failure: undefined },
    { result: { kind: "command", exitCode: 2, output: "no db\n" }, failure: "command exited with 2: no db" },
    { result: { kind: "command", output: "" }, failure: "command was ended by a signal" },
    { result: { kind: "http", status: 200 }, failure: undefined },
    { result: { kind: "http", status: 399 }, failure: undefined },
    { result: { kind: "http", status: 199 }, failure: "HTTP status 199" },
    { result: { kind: "http", status: 400 }, failure: "HTTP status 400" },
    { result: { kind: "tcp", connected: false }, failure: "no TCP connection" },
    { result: { kind: "timedOut" }, failure: "no answer in time" },
    { result: { kind: "failed", message: "refused" }, failure: "refused" },
  ];
  it.each(results)("$result means $failure", ({ result, failure }) => {
    const { health } = stepHealthCheck(healthy, { result, at: 60_000, runningAt: 0 }, plan);
    expect(health?.isHealthy).toBe(failure === undefined);
    expect(health?.failure).toBe(failure);
  });

  it("ends a task exactly when so many failures in a row counted", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.integer({ min: 1, max: 4 }), (outcomes, failuresMax) => {
        let health: HealthState | undefined;
        let row = 0;
        for (const isWell of outcomes) {
          const event = { result: isWell ? well : ill, at: 100_000, runningAt: 0 };
          const step = stepHealthCheck(health, event, { ...plan, failuresMax });
          row = isWell ? 0 : row + 1;
          expect(step.kills).toBe(row >= failuresMax);
          expect(step.tells).toBe(!isWell || health?.isHealthy !== true);
          health = step.health;
        }
      }),
    );
  });
});

describe("what a check says", () => {
  it.each([
    ["HTTP", undefined, { type: "HTTP", http: {} }],
    ["HTTP", { kind: "http", status: 503 }, { type: "HTTP", http: { status_code: 503 } }],
    ["HTTP", { kind: "timedOut" }, { type: "HTTP", http: {} }],
    ["TCP", { kind: "tcp", connected: false }, { type: "TCP", tcp: { succeeded: false } }],
    ["COMMAND", { kind: "command", exitCode: 3, output: "" }, { type: "COMMAND", command: { exit_code: 3 } }],
    ["COMMAND", { kind: "failed", message: "x" }, { type: "COMMAND", command: {} }],
  ] as const)("%s with %j is %j", (type, result, status) => {
    expect(checkStatusOf({ type }, result)).toEqual(status);
  });
});
