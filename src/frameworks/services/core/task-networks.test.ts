import { describe, expect, it } from "vitest";
import { parseApp } from "#domain/definitions/index.ts";
import { buildTaskInfo, taskTemplateOf } from "./task-info.ts";

const launch = {
  taskId: "t-1",
  host: "agent.example",
  version: "2024-01-01T00:00:00.000Z",
  prefix: "",
  isRoleEnforced: false,
  agentId: "a-1",
  resources: [],
  defaultUser: "",
};

function taskOf(body: object, ports: readonly number[]) {
  const app = parseApp({ id: "/web", cmd: "sleep 1", ...body }, { defaultRole: "*" });
  const task = buildTaskInfo(taskTemplateOf(app), { ...launch, ports });
  const variables = task.command?.environment?.variables ?? [];
  const env = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
  return {
    networks: task.container?.network_infos,
    discovered: task.discovery?.ports?.ports,
    health: task.health_check,
    env,
  };
}
const scoped = (scope: string, ...names: readonly string[]) => ({
  labels: [{ key: "network-scope", value: scope }, ...names.map((value) => ({ key: "network-name", value }))],
});

describe("a task in networks of containers", () => {
  it("of a bridge has a port on the agent for every port of its own", () => {
    const { networks, discovered, env } = taskOf(
      {
        networks: [{ mode: "container/bridge" }],
        container: {
          portMappings: [
            { containerPort: 80, name: "http", labels: { VIP_0: "/web:80" } },
            { containerPort: 0, protocol: "udp,tcp" },
          ],
        },
      },
      [31_000, 31_001],
    );
    expect(networks).toEqual([
      {
        name: "mesos-bridge",
        port_mappings: [
          { host_port: 31_000, container_port: 80, protocol: "tcp" },
          { host_port: 31_001, container_port: 31_001, protocol: "udp" },
          { host_port: 31_001, container_port: 31_001, protocol: "tcp" },
        ],
      },
    ]);
    const vip = { key: "VIP_0", value: "/web:80" };
    expect(discovered).toEqual([
      {
        number: 31_000,
        protocol: "tcp",
        name: "http",
        labels: { labels: [vip, ...scoped("host").labels] },
      },
      { number: 31_001, protocol: "udp", labels: scoped("host") },
      { number: 31_001, protocol: "tcp", labels: scoped("host") },
    ]);
    expect(env).toMatchObject({
      PORT: "31000",
      PORT0: "31000",
      PORT_80: "31000",
      PORT_HTTP: "31000",
      PORT1: "31001",
      PORT_31001: "31001",
      PORTS: "31000,31001",
    });
  });

  it("of a named network is told of the port within where there is none on the agent", () => {
    const mapping = { networks: [{ name: "blue", labels: { tier: "a" } }] };
    const { networks, discovered, env, health } = taskOf(
      {
        ...mapping,
        container: { portMappings: [{ containerPort: 8080 }, { containerPort: 9090, hostPort: 0 }] },
        healthChecks: [{ protocol: "MESOS_HTTP", portIndex: 1 }],
      },
      [31_000],
    );
    expect(networks).toEqual([
      {
        name: "blue",
        labels: { labels: [{ key: "tier", value: "a" }] },
        port_mappings: [{ host_port: 31_000, container_port: 9090, protocol: "tcp" }],
      },
    ]);
    expect(discovered).toEqual([
      { number: 8080, protocol: "tcp", labels: scoped("container", "blue") },
      { number: 31_000, protocol: "tcp", labels: scoped("host") },
    ]);
    expect(env).toMatchObject({ PORT: "8080", PORT0: "8080", PORT1: "31000", PORT_9090: "31000" });
    expect(health?.http?.port).toBe(9090);
  });

  it("is given a port within that nothing was said of, always the same for one task", () => {
    const body = { networks: [{ name: "blue" }] };
    const first = taskOf(body, []).env["PORT"];
    expect(Number(first)).toBeGreaterThan(1_024);
    expect(taskOf(body, []).env["PORT"]).toBe(first);
  });

  it("of several networks has each port of the agent in the one it names", () => {
    const { networks, discovered } = taskOf(
      {
        networks: [{ name: "blue" }, { name: "red" }],
        container: {
          portMappings: [{ containerPort: 80, hostPort: 0, networkNames: ["red"] }, { containerPort: 81 }],
        },
      },
      [31_000],
    );
    expect(networks).toEqual([
      { name: "blue" },
      { name: "red", port_mappings: [{ host_port: 31_000, container_port: 80, protocol: "tcp" }] },
    ]);
    expect(discovered?.[1]?.labels).toEqual(scoped("container", "blue", "red"));
  });

  it("without ports has no PORT variables", () => {
    const { env } = taskOf({ networks: [{ name: "blue" }], container: { portMappings: [] } }, []);
    expect(Object.keys(env).filter((name) => name.startsWith("PORT"))).toEqual([]);
  });
});
