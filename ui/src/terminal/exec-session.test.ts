import { describe, expect, it } from "vitest";
import { endOf, execUrl, readControl } from "./exec-session.ts";

describe("a terminal session", () => {
  it("is reached at the door that served the page", () => {
    const target = { agentId: "a-S1", taskId: "web.1/x" };
    expect(execUrl(target, { rows: 24, cols: 80 }, "http://127.0.0.1:8800")).toBe(
      "ws://127.0.0.1:8800/agent/a-S1/keelson/v1/exec/web.1%2Fx?tty=true&rows=24&cols=80",
    );
    expect(execUrl(target, { rows: 1, cols: 1 }, "https://c.example")).toMatch(/^wss:\/\/c\.example\/agent/);
  });

  it.each([
    ['{"exit":{"code":3}}', { kind: "exited", code: 3 }],
    ['{"exit":{"signal":"SIGKILL"}}', { kind: "signalled", signal: "SIGKILL" }],
    ['{"failed":{"message":"no such command"}}', { kind: "failed", message: "no such command" }],
    ['{"started":{"taskId":"t","containerId":"c","pid":1}}', undefined],
  ])("%s ends as %o", (data, end) => {
    const control = readControl(data);
    expect(control === undefined ? "unread" : endOf(control)).toEqual(end);
  });

  it("leaves out what it does not know", () => {
    expect([readControl("{"), readControl('{"ofTomorrow":1}'), readControl("1")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
