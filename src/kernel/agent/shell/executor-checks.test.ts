import { describe, expect, it } from "vitest";
import { checkExecutorCall, type ExecutorCheckPorts } from "./executor-checks.ts";
import { ExecutorTokens } from "./executor-tokens.ts";

const ids = { executor_id: { value: "e" }, framework_id: { value: "f" } };
const uuid = Buffer.alloc(16, 7).toString("base64");
const status = { task_id: { value: "t" }, state: "TASK_RUNNING", source: "SOURCE_EXECUTOR", uuid };
const known: ExecutorCheckPorts = {
  isRecovered: true,
  standingOf: (framework, executor) =>
    framework === "f" && executor === "e" ? { containerId: "c", isSubscribed: true } : undefined,
  claims: undefined,
};
const away: Partial<ExecutorCheckPorts> = {
  standingOf: () => ({ containerId: "c", isSubscribed: false }),
};

interface Case {
  readonly name: string;
  readonly call?: object;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly ports?: Partial<ExecutorCheckPorts>;
  /** Status, or what was decided. */
  readonly expected: number | string;
}

const cases: readonly Case[] = [
  { name: "no content type", contentType: "", expected: 400 },
  { name: "another content type", contentType: "text/plain", expected: 415 },
  { name: "no JSON", body: "{", expected: 400 },
  { name: "no type", call: {}, expected: 400 },
  { name: "no executor", body: '{"type":"HEARTBEAT","framework_id":{"value":"f"}}', expected: 400 },
  { name: "SUBSCRIBE without its message", call: { type: "SUBSCRIBE" }, expected: 400 },
  { name: "UPDATE without its message", call: { type: "UPDATE" }, expected: 400 },
  {
    name: "an update without a uuid",
    call: { type: "UPDATE", update: { status: { ...status, uuid: undefined } } },
    expected: 400,
  },
  {
    name: "an update of another source",
    call: { type: "UPDATE", update: { status: { ...status, source: "SOURCE_AGENT" } } },
    expected: 400,
  },
  {
    name: "an unacknowledged update without a uuid",
    call: {
      type: "SUBSCRIBE",
      subscribe: { unacknowledged_updates: [{ status: { ...status, uuid: "AA==" } }] },
    },
    expected: 400,
  },
  {
    name: "SUBSCRIBE with an Accept of neither",
    call: { type: "SUBSCRIBE", subscribe: {} },
    accept: "text/html",
    expected: 406,
  },
  {
    name: "UPDATE with an Accept of neither",
    call: { type: "UPDATE", update: { status } },
    accept: "text/html",
    expected: "accepted",
  },
  {
    name: "HEARTBEAT of anybody",
    call: { type: "HEARTBEAT", executor_id: { value: "x" } },
    expected: "heartbeat",
  },
  {
    name: "UPDATE while the agent recovers",
    call: { type: "UPDATE", update: { status } },
    ports: { isRecovered: false },
    expected: 503,
  },
  {
    name: "SUBSCRIBE while the agent recovers",
    call: { type: "SUBSCRIBE", subscribe: {} },
    ports: { isRecovered: false },
    expected: "subscribe",
  },
  {
    name: "an unknown executor",
    call: { type: "SUBSCRIBE", subscribe: {}, executor_id: { value: "x" } },
    expected: 400,
  },
  {
    name: "a token of another container",
    call: { type: "SUBSCRIBE", subscribe: {} },
    ports: { claims: { fid: "f", eid: "e", cid: "other" } },
    expected: 403,
  },
  {
    name: "its own token",
    call: { type: "SUBSCRIBE", subscribe: {} },
    ports: { claims: { fid: "f", eid: "e", cid: "c" } },
    expected: "subscribe",
  },
  {
    name: "a call before SUBSCRIBE",
    call: { type: "MESSAGE", message: { data: "" } },
    ports: away,
    expected: 403,
  },
  { name: "MESSAGE", call: { type: "MESSAGE", message: { data: "AAE=" } }, expected: "accepted" },
];

describe("a call of an executor", () => {
  it.each(cases)("$name: $expected", ({ call, body, contentType, accept, ports, expected }) => {
    const verdict = checkExecutorCall(
      { contentType: contentType === "" ? undefined : (contentType ?? "application/json"), accept },
      Buffer.from(body ?? JSON.stringify({ ...ids, ...call })),
      { ...known, ...ports },
    );
    expect(verdict.kind === "refused" ? verdict.status : verdict.kind).toBe(expected);
  });
});

describe("tokens of executors", () => {
  const claims = { fid: "f", eid: "e", cid: "c" };
  const tokens = new ExecutorTokens("key");
  const token = tokens.issue(claims);
  const [head = "", body = "", signature = ""] = token.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");

  it("prove what they were made for", () => {
    expect(tokens.claimsOf(`Bearer ${token}`)).toEqual(claims);
    expect(new ExecutorTokens("key").claimsOf(`bearer ${token}`)).toEqual(claims);
  });

  it.each([
    ["nothing", undefined],
    ["another scheme", `Basic ${token}`],
    ["another key", `Bearer ${new ExecutorTokens("other").issue(claims)}`],
    ["no signature", `Bearer ${head}.${body}.`],
    ["algorithm none", `Bearer ${none}.${body}.`],
    ["algorithm none, signed", `Bearer ${none}.${body}.${signature}`],
    ["another body", `Bearer ${head}.${Buffer.from('{"fid":"x"}').toString("base64url")}.${signature}`],
    ["more parts", `Bearer ${token}.x`],
    ["too much", `Bearer ${token}${"x".repeat(5_000)}`],
  ])("prove nothing: %s", (_name, header) => {
    expect(tokens.claimsOf(header)).toBeUndefined();
  });
});
