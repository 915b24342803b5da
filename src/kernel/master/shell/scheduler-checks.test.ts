import { describe, expect, it } from "vitest";
import { encodeProtobuf } from "#contracts/kernel/protobuf-codec.ts";
import { type CallHead, checkCall, type FrameworkStanding } from "./scheduler-checks.ts";

const json: CallHead = {
  contentType: "application/json",
  accept: undefined,
  streamId: undefined,
  principal: undefined,
};
const connected: FrameworkStanding = { kind: "connected", principal: undefined, streamId: "S" };
const subscribe = { type: "SUBSCRIBE", subscribe: { framework_info: { user: "u", name: "n" } } };
const kill = { type: "KILL", framework_id: { value: "F" }, kill: { task_id: { value: "t" } } };
const uuid = Buffer.alloc(16, 7).toString("base64");
const acknowledge = (given: string) => ({
  type: "ACKNOWLEDGE",
  framework_id: { value: "F" },
  acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: given },
});

function check(head: Partial<CallHead>, body: unknown, standing: FrameworkStanding = connected) {
  return checkCall(
    { ...json, ...head },
    Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    () => standing,
  );
}

describe("mesos.md§8#7 checks of the scheduler API, in their order", () => {
  it.each<[string, Partial<CallHead>, unknown, FrameworkStanding | undefined, number, string]>([
    ["no content type", { contentType: undefined }, subscribe, undefined, 400, "Content-Type"],
    ["protobuf that is none", { contentType: "application/x-protobuf" }, "{", undefined, 400, "protobuf"],
    ["another content type", { contentType: "text/plain" }, subscribe, undefined, 415, "text/plain"],
    ["text that is no JSON", {}, "{", undefined, 400, "JSON"],
    ["JSON that is no call", {}, "[]", undefined, 400, "expected an object"],
    ["no type", {}, {}, undefined, 400, "'type'"],
    ["a type nobody knows", {}, { type: "DANCE" }, undefined, 400, "'type'"],
    ["no sub-message", {}, { type: "SUBSCRIBE" }, undefined, 400, "'subscribe'"],
    [
      "a required field missing",
      {},
      { type: "SUBSCRIBE", subscribe: { framework_info: { user: "u" } } },
      undefined,
      400,
      "framework_info.name",
    ],
    ["two ids that differ", {}, { ...subscribe, framework_id: { value: "F" } }, undefined, 400, "differs"],
    ["a call without framework", {}, { type: "REVIVE" }, undefined, 400, "'framework_id'"],
    ["a uuid that is none", {}, acknowledge("AAAA"), undefined, 400, "16 bytes"],
    ["an Accept without JSON", { accept: "text/html" }, subscribe, undefined, 406, "text/html"],
    ["a stream id on SUBSCRIBE", { streamId: "S" }, subscribe, undefined, 400, "Mesos-Stream-Id"],
    ["a framework nobody knows", { streamId: "S" }, kill, { kind: "unknown" }, 400, "cannot be found"],
    [
      "a framework without a stream",
      { streamId: "S" },
      kill,
      { kind: "disconnected", principal: undefined },
      403,
      "not subscribed",
    ],
    ["no stream id", {}, kill, undefined, 400, "Mesos-Stream-Id"],
    ["an old stream id", { streamId: "old" }, kill, undefined, 400, "stream ID"],
    [
      "type UNKNOWN",
      { streamId: "S" },
      { type: "UNKNOWN", framework_id: { value: "F" } },
      undefined,
      501,
      "UNKNOWN",
    ],
    [
      "an update of another framework",
      { streamId: "S" },
      {
        type: "UPDATE_FRAMEWORK",
        framework_id: { value: "F" },
        update_framework: { framework_info: { user: "u", name: "n", id: { value: "G" } } },
      },
      undefined,
      400,
      "differs",
    ],
  ])("refuse %s", (_name, head, body, standing, status, text) => {
    const verdict = check(head, body, standing);
    expect(verdict).toMatchObject({ kind: "refused", status });
    if (verdict.kind === "refused") expect(verdict.message).toContain(text);
  });

  it("accept a subscription, a call on its stream, and an acknowledgement", () => {
    expect(check({}, subscribe)).toMatchObject({ kind: "subscribe" });
    expect(check({ streamId: "S" }, kill)).toMatchObject({ kind: "accepted", frameworkId: "F" });
    expect(check({ streamId: "S" }, acknowledge(uuid))).toMatchObject({ kind: "accepted" });
  });

  it("prefer JSON whenever it is allowed", () => {
    for (const accept of [undefined, "*/*", "application/json", "text/html, application/*;q=0.5"])
      expect(check({ accept }, subscribe)).toMatchObject({ kind: "subscribe", encoding: "json" });
    const accept = "application/x-protobuf, text/html";
    expect(check({ accept }, subscribe)).toMatchObject({ kind: "subscribe", encoding: "protobuf" });
  });

  it("read protobuf, and name what is wrong in it", () => {
    const protobuf = { contentType: "application/x-protobuf", streamId: "S" };
    const standing = () => connected;
    const bytes = Buffer.from(
      encodeProtobuf("SchedulerCall", {
        type: "KILL",
        framework_id: { value: "F" },
        kill: { task_id: { value: "t" } },
      }),
    );
    expect(checkCall({ ...json, ...protobuf }, bytes, standing)).toMatchObject({
      kind: "accepted",
      call: { kill: { task_id: { value: "t" } } },
    });
    expect(checkCall({ ...json, ...protobuf }, bytes.subarray(0, -1), standing)).toMatchObject({
      kind: "refused",
      status: 400,
    });
  });
});
