import { describe, expect, it } from "vitest";
import { parseResources, Resources } from "#domain/resources/index.ts";
import { executorCommand, underExecutor } from "./custom-executor.ts";
import { buildTaskInfo, taskTemplateOf } from "./task-info.ts";
import { anApp } from "./testing/builders.ts";

describe("an executor of its own", () => {
  it.each([
    {
      app: { executor: "/opt/run", cmd: "serve --fast" },
      value: "chmod ug+rx '/opt/run' && exec '/opt/run' serve --fast",
    },
    {
      app: { executor: "./run", args: ["serve", "fast"] },
      value: "chmod ug+rx './run' && exec './run' serve fast",
    },
    { app: { executor: "/it's", cmd: "x" }, value: "chmod ug+rx '/it'\\''s' && exec '/it'\\''s' x" },
  ])("gets what the app runs as its arguments: $value", ({ app, value }) => {
    expect(executorCommand(app)).toEqual({ shell: true, value });
  });

  it("takes its share, and has the command, files and user of the app", () => {
    const { cmd: _cmd, ...rest } = anApp({ id: "/own" });
    const app = {
      ...rest,
      args: ["serve"],
      user: "web",
      executor: "/opt/run",
      executorResources: { cpus: 0.25, mem: 32, disk: 10 },
      fetch: [{ uri: "http://files/run", extract: false, executable: true, cache: false }],
    };
    const taken = parseResources([
      { name: "cpus", type: "SCALAR", scalar: { value: 1.25 } },
      { name: "mem", type: "SCALAR", scalar: { value: 160 } },
      { name: "disk", type: "SCALAR", scalar: { value: 10 } },
      { name: "ports", type: "RANGES", ranges: { range: [{ begin: 31_000, end: 31_000 }] } },
    ]);
    const launch = {
      taskId: "own.instance-1._app.1",
      agentId: "a",
      host: "h",
      ports: [31_000],
      version: "2024-01-01T00:00:00.000Z",
      prefix: "",
      isRoleEnforced: false,
      defaultUser: "",
      resources: [],
    };
    const task = underExecutor(buildTaskInfo(taskTemplateOf(app), launch), app, taken, Resources.empty);
    expect(task.command).toBeUndefined();
    expect(task.executor).toMatchObject({
      type: "CUSTOM",
      executor_id: { value: "marathon-own.instance-1._app.1" },
      command: { shell: true, user: "web", uris: [{ value: "http://files/run" }] },
    });
    const summary = (resources: Parameters<typeof parseResources>[0]): object =>
      parseResources(resources).toSummary();
    expect(summary(task.executor?.resources ?? [])).toMatchObject({ cpus: 0.25, mem: 32, disk: 10 });
    expect(summary(task.resources ?? [])).toMatchObject({ cpus: 1, mem: 128, ports: "[31000-31000]" });
  });
});
