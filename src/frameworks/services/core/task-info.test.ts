import { describe, expect, it } from "vitest";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { placedPorts, portsOf } from "#domain/definitions/ports.ts";
import { environmentTemplateOf, taskEnvironment } from "./task-environment.ts";
import { buildTaskInfo, type TaskLaunch, taskTemplateOf } from "./task-info.ts";
import { anApp } from "./testing/builders.ts";

const place = {
  taskId: "t-1",
  host: "agent.example",
  ports: [31_000, 31_001],
  version: "2024-01-01T00:00:00.000Z",
  prefix: "",
  isRoleEnforced: false,
};
const environmentOf = (fields: Parameters<typeof anApp>[0], more: Partial<typeof place> = {}) => {
  const app = anApp(fields);
  const given = { ...place, ...more };
  const ports = placedPorts(portsOf(app), given.ports, given.taskId);
  const variables = taskEnvironment(environmentTemplateOf(app), given, ports);
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
};

const taskOf = (definition: AppDefinition, launch: TaskLaunch) =>
  buildTaskInfo(taskTemplateOf(definition), launch);

describe("the container of a task", () => {
  it("names the volumes of plugins with what the plugins are told", () => {
    const external = {
      provider: "dvdi" as const,
      name: "web-data",
      size: 5,
      options: { "dvdi/driver": "rexray", "dvdi/iops": "100" },
      shared: false,
    };
    const volumes = [{ containerPath: "data", mode: "RW" as const, external }];
    const app = anApp({ id: "/web", container: { type: "MESOS", volumes } });
    expect(taskTemplateOf(app).common.container).toEqual({
      type: "MESOS",
      volumes: [
        {
          mode: "RW",
          container_path: "data",
          source: {
            type: "DOCKER_VOLUME",
            docker_volume: {
              driver: "rexray",
              name: "web-data",
              driver_options: {
                parameter: [
                  { key: "iops", value: "100" },
                  { key: "size", value: "5" },
                ],
              },
            },
          },
        },
      ],
    });
  });

  it("names the volumes of CSI plugins, with where their secrets are kept", () => {
    const external = {
      provider: "csi" as const,
      name: "vol-1",
      options: {
        pluginName: "nfs.csi.k8s.io",
        capability: {
          accessType: "mount" as const,
          accessMode: "MULTI_NODE_READER_ONLY" as const,
          fsType: "nfs4",
        },
        nodeStageSecret: { key: "own" },
        nodePublishSecret: {},
        volumeContext: { share: "/export" },
      },
    };
    const app = anApp({
      id: "/web",
      secrets: { own: { source: "storage/key" } },
      container: { type: "MESOS", volumes: [{ containerPath: "data", mode: "RO", external }] },
    });
    expect(taskTemplateOf(app).common.container?.volumes).toEqual([
      {
        mode: "RO",
        container_path: "data",
        source: {
          type: "CSI_VOLUME",
          csi_volume: {
            plugin_name: "nfs.csi.k8s.io",
            static_provisioning: {
              volume_id: "vol-1",
              volume_capability: {
                mount: { fs_type: "nfs4" },
                access_mode: { mode: "MULTI_NODE_READER_ONLY" },
              },
              node_stage_secrets: { key: { type: "REFERENCE", reference: { name: "storage/key" } } },
              node_publish_secrets: {},
              volume_context: { share: "/export" },
            },
          },
        },
      },
    ]);
  });
});

describe("environment of a task", () => {
  it("says everything there is to say about the app", () => {
    expect(
      environmentOf({ id: "/shop/cart", cpus: 0.5, mem: 64, disk: 10, labels: {} }, { ports: [31_000] }),
    ).toEqual({
      MESOS_TASK_ID: "t-1",
      MARATHON_APP_ID: "/shop/cart",
      MARATHON_APP_VERSION: "2024-01-01T00:00:00.000Z",
      MARATHON_APP_RESOURCE_CPUS: "0.5",
      MARATHON_APP_RESOURCE_MEM: "64.0",
      MARATHON_APP_RESOURCE_DISK: "10.0",
      MARATHON_APP_RESOURCE_GPUS: "0",
      MARATHON_APP_ENFORCE_GROUP_ROLE: "FALSE",
      MARATHON_APP_LABELS: "",
      HOST: "agent.example",
      PORT: "31000",
      PORT0: "31000",
      PORTS: "31000",
      PORT_31000: "31000",
      PORT_DEFAULT: "31000",
    });
  });

  it("names ports by index, declared number and upper-cased name", () => {
    const env = environmentOf({
      portDefinitions: [
        { port: 10_005, protocol: "tcp", name: "http-api" },
        { port: 0, protocol: "udp" },
      ],
    });
    expect(env).toMatchObject({
      PORT: "31000",
      PORT0: "31000",
      PORT1: "31001",
      PORTS: "31000,31001",
      PORT_10005: "31000",
      "PORT_HTTP-API": "31000",
      PORT_31001: "31001",
    });
  });

  it("has no port variable for an app without ports", () => {
    const env = environmentOf({ portDefinitions: [] }, { ports: [] });
    expect(Object.keys(env).filter((name) => name.startsWith("PORT"))).toEqual([]);
  });

  it("sanitizes names of labels and leaves out what is too long", () => {
    const env = environmentOf({
      labels: {
        "HAPROXY_0_VHOST.x--y": "a",
        plain: "b",
        long: "v".repeat(512),
        ["k".repeat(493)]: "v",
        fits: "v".repeat(511),
      },
    });
    expect(env["MARATHON_APP_LABELS"]).toBe("HAPROXY_0_VHOST_X_Y PLAIN FITS");
    expect(env["MARATHON_APP_LABEL_HAPROXY_0_VHOST_X_Y"]).toBe("a");
    expect(env["MARATHON_APP_LABEL_LONG"]).toBeUndefined();
  });

  it("lets the user's variables override all others", () => {
    const env = environmentOf({ env: { PORT: "mine", HOST: "mine", MESOS_TASK_ID: "mine", EXTRA: "1" } });
    expect(env).toMatchObject({
      PORT: "mine",
      HOST: "mine",
      MESOS_TASK_ID: "mine",
      EXTRA: "1",
      PORT0: "31000",
    });
  });

  it("prefixes HOST and ports only", () => {
    const env = environmentOf({}, { prefix: "CUSTOM_" });
    expect(env).toMatchObject({
      CUSTOM_HOST: "agent.example",
      CUSTOM_PORT: "31000",
      MARATHON_APP_ID: "/web",
    });
    expect(env["HOST"]).toBeUndefined();
    expect(env["PORT"]).toBeUndefined();
  });
});

describe("what is launched", () => {
  const launch = { ...place, agentId: "agent-1", resources: [], defaultUser: "" };

  it("runs cmd through the shell", () => {
    const { command } = taskOf(anApp({ cmd: "sleep 1" }), launch);
    expect([command?.shell, command?.value, command?.arguments]).toEqual([true, "sleep 1", undefined]);
  });

  it("runs args as they are, the first being the program", () => {
    const { cmd: _cmd, ...rest } = anApp();
    const { command } = taskOf({ ...rest, args: ["sleep", "1"] }, launch);
    expect([command?.shell, command?.value, command?.arguments]).toEqual([false, "sleep", ["sleep", "1"]]);
  });

  it.each([
    [undefined, "", undefined],
    [undefined, "root", "root"],
    ["app", "root", "app"],
  ])("with user %s under framework user %j runs as %s", (user, defaultUser, expected) => {
    const definition = user === undefined ? anApp() : anApp({ user });
    expect(taskOf(definition, { ...launch, defaultUser }).command?.user).toBe(expected);
  });

  it("fetches what the app names", () => {
    const fetch = [
      { uri: "http://x/a.tgz", extract: true, executable: false, cache: true, destPath: "dir/a" },
    ];
    expect(taskOf(anApp({ fetch }), launch).command?.uris).toEqual([
      { value: "http://x/a.tgz", extract: true, executable: false, cache: true, output_file: "dir/a" },
    ]);
  });

  it("is discovered by its reversed path, with one port per protocol and labels as given", () => {
    const task = taskOf(
      anApp({
        id: "/shop/cart",
        portDefinitions: [{ port: 0, protocol: "udp,tcp", name: "dns", labels: { VIP_0: "/dns:53" } }],
      }),
      { ...launch, ports: [31_000] },
    );
    const labels = { labels: [{ key: "VIP_0", value: "/dns:53" }] };
    expect(task.name).toBe("cart.shop");
    expect(task.discovery).toEqual({
      visibility: "FRAMEWORK",
      name: "cart.shop",
      ports: {
        ports: [
          { number: 31_000, protocol: "udp", name: "dns", labels },
          { number: 31_000, protocol: "tcp", name: "dns", labels },
        ],
      },
    });
  });

  it("carries labels and the kill grace period, and no container", () => {
    const task = taskOf(anApp({ labels: { a: "b" }, taskKillGracePeriodSeconds: 7 }), launch);
    expect(task.labels).toEqual({ labels: [{ key: "a", value: "b" }] });
    expect(task.kill_policy).toEqual({ grace_period: { nanoseconds: 7_000_000_000 } });
    expect(task.container).toBeUndefined();
    expect(taskOf(anApp(), launch).kill_policy).toBeUndefined();
  });
});
