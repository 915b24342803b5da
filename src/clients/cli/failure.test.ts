import { describe, expect, it } from "vitest";
import { RequestFailed } from "#clients/client/cluster.ts";
import { errorStatus } from "#contracts/errors.ts";
import { type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { UsageError } from "./command-line/parse.ts";
import { CommandFailed } from "./context.ts";
import { describeFailure } from "./failure.ts";
import { lockedBy } from "./lock.ts";

const say = (key: MessageKey, parameters?: MessageParameters): string => text("en", key, parameters);
const request = (status: number, body: unknown = undefined): RequestFailed =>
  new RequestFailed({ url: "http://x", status, body, message: "m" });

describe("a failure", () => {
  it.each([
    [request(0), 5],
    [request(401), 4],
    [request(403), 4],
    [request(404), 3],
    [request(409, { deployments: [{ id: "d" }] }), 4],
    [request(422), 4],
    [request(500), 1],
    [request(503), 5],
    [request(504), 124],
    [new CommandFailed("x", 3), 3],
    [new UsageError("usage.argumentMissing", { argument: "NAME" }, "ps"), 64],
    [Object.assign(new Error("gone"), { name: "NoAnswer" }), 5],
    [new TypeError("cannot read properties of undefined"), 1],
  ])("%s ends with %d", (error, exitCode) => {
    const failure = describeFailure(error, say);
    expect(failure.exitCode).toBe(exitCode);
    expect(failure.text).not.toMatch(/\n\s+at /);
  });

  it.each(Object.keys(errorStatus))("%s says in both languages what to do", (code) => {
    for (const language of ["en", "zh"] as const) {
      const { text: shown } = describeFailure(new CodedError(code, "what was tried"), (key, parameters) =>
        text(language, key, parameters),
      );
      expect(shown.split("\n").at(-1)?.trim().length).toBeGreaterThan(5);
      expect(shown).toContain("what was tried");
    }
  });

  it("names each field once", () => {
    const details = [
      { path: "/cpus", errors: ["too small", "odd"] },
      { path: "/mem", problem: "missing" },
    ];
    expect(
      describeFailure(new CodedError("Invalid", "/mem: missing", { details }), say).text.split("\n"),
    ).toEqual([
      "Refused (Invalid): /mem: missing",
      "  /cpus: too small; odd",
      expect.stringContaining("keelson explain"),
    ]);
  });
});

describe("what holds a lock", () => {
  it.each([
    [request(409, { deployments: [{ id: "a" }, { id: "b" }] }), ["a", "b"]],
    [request(409, { message: "exists" }), undefined],
    [request(404, { deployments: [{ id: "a" }] }), undefined],
    [new CodedError("Conflict", "locked", { details: { lockedBy: [{ deploymentId: "c" }] } }), ["c"]],
    [new CodedError("Conflict", "the plan is old", { details: { lockedBy: [] } }), undefined],
    [new Error("other"), undefined],
  ])("%s", (error, ids) => expect(lockedBy(error)).toEqual(ids));
});
