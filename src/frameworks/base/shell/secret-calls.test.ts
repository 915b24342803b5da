import { describe, expect, it } from "vitest";
import type { TaskInfo, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { pluginVolume } from "#domain/launches/plugin-volumes.ts";
import { secretVolume } from "#domain/launches/task-parts.ts";
import { secretVariable, variable } from "#domain/launches/task-variables.ts";
import type { FrameworkCall } from "../core/framework-call.ts";
import { SecretCalls } from "./secret-calls.ts";

const taskId = (app: string): string => `${app}.instance-4bdc7a1c-0000-11ee-8000-000000000000._app.1`;

function aTask(app: string, source: string): TaskInfo {
  return {
    name: app,
    task_id: { value: taskId(app) },
    agent_id: { value: "a" },
    command: { environment: { variables: [variable("PLAIN", "p"), secretVariable("KEY", source)] } },
    container: { type: "MESOS", volumes: [secretVolume("key.txt", source)] },
  };
}

const launch = (...tasks: readonly TaskInfo[]): FrameworkCall => ({
  type: "ACCEPT",
  accept: { offer_ids: [{ value: "o" }], operations: [{ type: "LAUNCH", launch: { task_infos: tasks } }] },
});

class World {
  readonly sent: FrameworkCall[] = [];
  readonly refused: TaskStatus[] = [];
  readonly asked: string[] = [];
  readonly calls: SecretCalls;
  #answer: (() => void) | undefined;

  constructor(values: Readonly<Record<string, string>>) {
    this.calls = new SecretCalls({
      send: (call) => this.sent.push(call),
      ownerOf: (id) => `/${id.split(".instance-")[0]?.replaceAll("_", "/")}`,
      onRefused: (status) => this.refused.push(status),
      valueOf: async (path) => {
        this.asked.push(path);
        await new Promise<void>((resolve) => {
          this.#answer = resolve;
        });
        const value = values[path];
        if (value === undefined) throw new Error("there is none");
        return value;
      },
    });
  }

  /** The store answers what was asked last. */
  async answer(): Promise<void> {
    this.#answer?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("calls on their way to the master", () => {
  it("go at once when no task refers to a secret", () => {
    const world = new World({});
    world.calls.send({ type: "REVIVE" });
    expect(world.sent).toEqual([{ type: "REVIVE" }]);
  });

  it("have the values that plugins of volumes are told", async () => {
    const world = new World({ "dev/key": "dmFsdWU=" });
    const volume = pluginVolume({
      kind: "csi",
      driver: "p",
      name: "v",
      accessMode: "SINGLE_NODE_WRITER",
      mountFlags: [],
      stageSecrets: { own: "dev/key" },
      publishSecrets: { other: "dev/key" },
      context: {},
      containerPath: "data",
      isReadOnly: false,
    });
    const task = {
      ...aTask("dev", "dev/key"),
      command: {},
      container: { type: "MESOS" as const, volumes: [volume] },
    };
    world.calls.send(launch(task));
    await world.answer();
    const [sent] = world.sent[0]?.accept?.operations?.[0]?.launch?.task_infos ?? [];
    const secret = { type: "VALUE", value: { data: "dmFsdWU=" } };
    expect(sent?.container?.volumes?.[0]?.source?.csi_volume).toMatchObject({
      plugin_name: "p",
      static_provisioning: { node_stage_secrets: { own: secret }, node_publish_secrets: { other: secret } },
    });
  });

  it("wait for values, and those after them too", async () => {
    const world = new World({ "dev/key": "dmFsdWU=" });
    world.calls.send(launch(aTask("dev", "/dev/key")));
    world.calls.send({ type: "SUPPRESS" });
    expect(world.sent).toEqual([]);
    await world.answer();
    expect(world.asked).toEqual(["dev/key"]);
    expect(world.sent.map(({ type }) => type)).toEqual(["ACCEPT", "SUPPRESS"]);
    const [task] = world.sent[0]?.accept?.operations?.[0]?.launch?.task_infos ?? [];
    const secret = { type: "VALUE", value: { data: "dmFsdWU=" } };
    expect(task?.command?.environment?.variables).toEqual([
      variable("PLAIN", "p"),
      { name: "KEY", type: "SECRET", secret },
    ]);
    expect(task?.container?.volumes?.[0]?.source).toEqual({ type: "SECRET", secret });
    world.calls.send({ type: "REVIVE" });
    expect(world.sent).toHaveLength(3);
  });

  it.each([
    { app: "dev", source: "dev/missing", reason: "there is none" },
    { app: "other", source: "dev/key", reason: "is not for /other" },
  ])("leave out a task whose secret it can't have: $reason", async ({ app, source, reason }) => {
    const world = new World({ "dev/key": "dmFsdWU=" });
    world.calls.send(launch(aTask(app, source)));
    await world.answer();
    expect(world.sent[0]?.accept).toMatchObject({ offer_ids: [{ value: "o" }], operations: [] });
    expect(world.refused).toMatchObject([{ task_id: { value: taskId(app) }, state: "TASK_FAILED" }]);
    expect(world.refused[0]?.message).toContain(reason);
    expect(JSON.stringify([world.sent, world.refused])).not.toContain("dmFsdWU=");
  });

  it("launch a group whole or not at all", async () => {
    const world = new World({ key: "dmFsdWU=" });
    const plain: TaskInfo = { name: "x", task_id: { value: taskId("x") }, agent_id: { value: "a" } };
    const group = (source: string): FrameworkCall => ({
      type: "ACCEPT",
      accept: {
        offer_ids: [],
        operations: [
          {
            type: "LAUNCH_GROUP",
            launch_group: {
              executor: { executor_id: { value: "e" } },
              task_group: { tasks: [plain, aTask("x", source)] },
            },
          },
        ],
      },
    });
    world.calls.send(group("missing"));
    await world.answer();
    expect(world.sent[0]?.accept?.operations).toEqual([]);
    expect(world.refused).toHaveLength(2);
    world.calls.send(group("key"));
    await world.answer();
    expect(JSON.stringify(world.sent[1])).toContain("dmFsdWU=");
  });
});
