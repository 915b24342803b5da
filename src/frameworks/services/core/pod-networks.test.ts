import { describe, expect, it } from "vitest";
import { parsePod } from "#domain/definitions/index.ts";
import { Resources } from "#domain/resources/index.ts";
import { factsOf } from "./app-facts.ts";
import { buildLaunchGroup, podTemplateOf } from "./pod-task-info.ts";

const resources = { cpus: 0.1, mem: 32 };
const container = (name: string, endpoints: readonly object[], more: object = {}) => ({
  name,
  resources,
  exec: { command: { shell: "serve" } },
  endpoints,
  ...more,
});

function launched(networks: readonly object[], containers: readonly object[], ports: readonly number[]) {
  const definition = parsePod({ id: "/shop", networks, containers }, { defaultRole: "*" });
  if (definition.pod === undefined) throw new Error("no pod");
  const group = buildLaunchGroup(podTemplateOf(definition, definition.pod), {
    host: "agent.example",
    version: "2024-01-01T00:00:00.000Z",
    isRoleEnforced: false,
    agentId: "a-1",
    defaultUser: "",
    instanceId: "shop.instance-1",
    incarnation: 1,
    taken: Resources.empty,
    volumes: Resources.empty,
    ports,
  });
  const tasks = group.task_group.tasks ?? [];
  return {
    wanted: factsOf(definition).hostPorts,
    networks: group.executor.container?.network_infos,
    tasks: tasks.map(({ container: own, discovery, health_check: health, command }) => ({
      networks: own?.network_infos,
      ports: discovery?.ports?.ports,
      checked: health?.http?.port,
      env: Object.fromEntries(
        (command?.environment?.variables ?? []).map(({ name, value }) => [name, value]),
      ),
    })),
  };
}
const scoped = (scope: string, ...names: readonly string[]) => ({
  labels: [{ key: "network-scope", value: scope }, ...names.map((value) => ({ key: "network-name", value }))],
});

describe("a pod in networks of containers", () => {
  it("of a bridge: its executor is in it, and every endpoint has a port on the agent", () => {
    const { wanted, networks, tasks } = launched(
      [{ mode: "container/bridge" }],
      [
        container("web", [{ name: "http", containerPort: 80 }], {
          healthCheck: { http: { endpoint: "http" } },
        }),
        container("side", [{ name: "admin", containerPort: 0, hostPort: 31_007, protocol: ["tcp", "udp"] }]),
      ],
      [31_000, 31_007],
    );
    expect(wanted).toEqual([undefined, 31_007]);
    expect(networks).toEqual([
      {
        name: "mesos-bridge",
        port_mappings: [
          { host_port: 31_000, container_port: 80, protocol: "tcp" },
          { host_port: 31_007, container_port: 31_007, protocol: "udp" },
          { host_port: 31_007, container_port: 31_007, protocol: "tcp" },
        ],
      },
    ]);
    expect(tasks.map((task) => task.networks)).toEqual([undefined, undefined]);
    expect(tasks[0]?.ports).toEqual([
      { number: 31_000, name: "http", protocol: "tcp", labels: scoped("host") },
    ]);
    // The check is asked within the network.
    expect(tasks[0]?.checked).toBe(80);
    for (const { env } of tasks)
      expect(env).toMatchObject({
        ENDPOINT_HTTP: "80",
        EP_HOST_HTTP: "31000",
        EP_CONTAINER_HTTP: "80",
        ENDPOINT_ADMIN: "31007",
        EP_HOST_ADMIN: "31007",
        EP_CONTAINER_ADMIN: "31007",
      });
  });

  it("of a named network: an endpoint has a port on the agent where it says so, and else none", () => {
    const { wanted, networks, tasks } = launched(
      [{ name: "blue", labels: { tier: "a" } }],
      [
        container("web", [{ name: "http", containerPort: 80 }]),
        container("side", [{ name: "admin", containerPort: 9_090, hostPort: 0 }]),
      ],
      [31_000],
    );
    expect(wanted).toEqual([undefined]);
    expect(networks).toEqual([
      {
        name: "blue",
        labels: { labels: [{ key: "tier", value: "a" }] },
        port_mappings: [{ host_port: 31_000, container_port: 9_090, protocol: "tcp" }],
      },
    ]);
    expect(tasks[0]?.ports).toEqual([
      { number: 80, name: "http", protocol: "tcp", labels: scoped("container", "blue") },
    ]);
    expect(tasks[0]?.env).toMatchObject({ ENDPOINT_HTTP: "80", EP_CONTAINER_HTTP: "80" });
    expect(tasks[0]?.env).not.toHaveProperty("EP_HOST_HTTP");
    expect(tasks[1]?.env).toMatchObject({ EP_HOST_ADMIN: "31000", EP_CONTAINER_ADMIN: "9090" });
  });
});
