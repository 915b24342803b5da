import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { readFrame } from "./link-frames.ts";

const cpus = (value: number) => ({ name: "cpus", type: "SCALAR", scalar: { value } });
const description = {
  info: { hostname: "a" },
  pid: "slave(1)@10.0.0.1:5051",
  version: "1",
  capabilities: [],
};
const ids = {
  name: "t",
  task_id: { value: "t" },
  framework_id: { value: "f" },
  agent_id: { value: "a" },
  state: "TASK_RUNNING",
};
const lists = { frameworks: [], executors: [], tasks: [] };
const status = { task_id: { value: "t" }, state: "TASK_RUNNING" };

const senseless: readonly (readonly [JsonValue, RegExp])[] = [
  [null, /without a kind/],
  [[], /without a kind/],
  [{ kind: 1 }, /without a kind/],
  [{ kind: "hello", versions: 1, bootId: "", masterEpoch: 0 }, /hello: versions/],
  [{ kind: "hello", versions: { min: 1 }, bootId: "", masterEpoch: 0 }, /hello: max/],
  [{ kind: "register" }, /register: /],
  [{ kind: "register", ...description, info: { hostname: 7 } }, /register: hostname/],
  [{ kind: "reregister", ...description }, /reregister: frameworks/],
  [{ kind: "reregister", ...description, ...lists, tasks: [{}] }, /reregister: /],
  [
    { kind: "reregister", ...description, ...lists, tasks: [{ ...ids, resources: [cpus(-1)] }] },
    /reregister: .*cpus/,
  ],
  [
    {
      kind: "reregister",
      ...description,
      ...lists,
      executors: [{ executor_id: { value: "e" }, resources: 1 }],
    },
    /reregister: resources/,
  ],
  [{ kind: "reregister", ...description, ...lists, operations: [1] }, /reregister: operations/],
  [{ kind: "statusUpdate", frameworkId: "f", latestState: "TASK_RUNNING" }, /statusUpdate: /],
  [
    {
      kind: "statusUpdate",
      frameworkId: "f",
      latestState: "TASK_RUNNING",
      status: { state: "TASK_RUNNING" },
    },
    /statusUpdate: task_id/,
  ],
  [{ kind: "statusUpdate", frameworkId: {}, latestState: "TASK_RUNNING", status }, /frameworkId/],
  [{ kind: "operationStatus", operationUuid: "u" }, /operationStatus: /],
  [
    {
      kind: "operationStatus",
      operationUuid: "u",
      info: { type: "RESERVE" },
      status: { state: "OPERATION_FINISHED", converted_resources: [cpus(-1)] },
    },
    /operationStatus: .*cpus/,
  ],
  [{ kind: "agentResources" }, /agentResources: resources/],
  [{ kind: "agentResources", resources: [{ name: "cpus" }] }, /agentResources: type/],
  [{ kind: "agentResources", resources: [cpus(-1)] }, /agentResources: .*cpus/],
  [{ kind: "executorExited", frameworkId: "f", executorId: "e" }, /executorExited: status/],
  [{ kind: "executorMessage", frameworkId: "f", executorId: "e" }, /executorMessage: data/],
];

describe("a frame of an agent", () => {
  it.each(senseless.map(([frame, problem]) => [JSON.stringify(frame), frame, problem] as const))(
    "%s makes no sense, and says what is wrong",
    (_text, frame, problem) => {
      expect(readFrame(frame)).toEqual({ kind: "invalid", problem: expect.stringMatching(problem) });
    },
  );

  it("of a kind that a newer agent may have is passed over, whatever it is called", () => {
    for (const kind of ["newer", "constructor", "__proto__"])
      expect(readFrame({ kind })).toEqual({ kind: "unknown", of: kind });
  });

  it("goes on as it came, with what is not known here", () => {
    const frame = {
      kind: "statusUpdate",
      frameworkId: "f",
      latestState: "TASK_RUNNING",
      status: { ...status, newer: 1 },
      newer: 2,
    };
    const read = readFrame(frame);
    expect(read).toEqual({ kind: "frame", frame });
    expect(read.kind === "frame" && read.frame).toBe(frame);
  });
});
