import { describe, expect, it } from "vitest";
import { DefinitionInvalid, parseApp, parseChange } from "./index.ts";

const options = { defaultRole: "*" };
const small = { id: "/web", cmd: "sleep 1" };
const parse = (body: object) => parseApp({ ...small, ...body }, options);

function problemsOf(body: object): readonly string[] {
  try {
    parse(body);
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionInvalid)) throw error;
    return error.details.map(({ path, errors }) => `${path}: ${errors.join("; ")}`);
  }
}

const port = (fields: object = {}) => ({ containerPort: 0, servicePort: 0, protocol: "tcp", ...fields });

describe("networks of an app", () => {
  it.each([
    ["none said", {}, [{ mode: "host" }], undefined],
    [
      "a bridge gives every port one on the agent",
      { networks: [{ mode: "container/bridge" }], container: { portMappings: [{ containerPort: 80 }] } },
      [{ mode: "container/bridge" }],
      [port({ containerPort: 80, hostPort: 0 })],
    ],
    [
      "a container network gives none",
      { networks: [{ name: "blue" }], container: { portMappings: [{ containerPort: 80 }] } },
      [{ mode: "container", name: "blue" }],
      [port({ containerPort: 80 })],
    ],
    [
      "no mappings said are one",
      { networks: [{ name: "blue" }] },
      [{ mode: "container", name: "blue" }],
      [port({ name: "default" })],
    ],
    [
      "an empty list is none",
      { networks: [{ name: "blue" }], container: { portMappings: [] } },
      [{ mode: "container", name: "blue" }],
      [],
    ],
    [
      "ports of the older kind are as many mappings",
      { networks: [{ mode: "container/bridge" }], ports: [0, 0] },
      [{ mode: "container/bridge" }],
      [port({ hostPort: 0 }), port({ hostPort: 0 })],
    ],
    [
      "ipAddress is a network of containers",
      {
        ipAddress: {
          networkName: "blue",
          labels: { tier: "a" },
          discovery: { ports: [{ number: 80, name: "http", protocol: "tcp" }] },
        },
      },
      [{ mode: "container", name: "blue", labels: { tier: "a" } }],
      [port({ containerPort: 80, name: "http" })],
    ],
    [
      "ipAddress with the bridge's name is the bridge",
      { ipAddress: { networkName: "mesos-bridge" } },
      [{ mode: "container/bridge" }],
      [port({ hostPort: 0, name: "default" })],
    ],
  ])("%s", (_name, body, networks, portMappings) => {
    const app = parse(body);
    expect(app.networks).toEqual(networks);
    expect(app.container?.portMappings).toEqual(portMappings);
    expect(app.portDefinitions === undefined).toBe(portMappings !== undefined);
  });

  it("mappings of an app in the agent's network are dropped", () => {
    const app = parse({ networks: [{ mode: "host" }], container: { portMappings: [{ containerPort: 80 }] } });
    expect(app.container).toBeUndefined();
    expect(app.portDefinitions).toHaveLength(1);
  });

  it("a change of the network changes the kind of its ports", () => {
    const host = parse({ portDefinitions: [{ port: 10_001 }, { port: 10_002 }] });
    const bridged = parseChange({ networks: [{ mode: "container/bridge" }] }, host, "/web", options);
    expect(bridged.container?.portMappings).toEqual([port({ hostPort: 0, name: "default" })]);
    expect(bridged.portDefinitions).toBeUndefined();
    const scaled = parseChange({ instances: 3 }, bridged, "/web", options);
    expect(scaled).toEqual({ ...bridged, instances: 3 });
    const back = parseChange({ networks: [{ mode: "host" }] }, bridged, "/web", options);
    expect(back.container).toBeUndefined();
    expect(back.portDefinitions).toHaveLength(1);
  });

  it.each([
    [{ networks: [{ mode: "host", name: "a" }] }, "/networks(0)/name: a host network has no name"],
    [
      {
        ipAddress: {
          networkName: "blue",
          discovery: { ports: [{ number: 80, name: "http", protocol: "tcp" }] },
        },
        container: { docker: { image: "web" } },
      },
      "/ipAddress/discovery/ports: is for containers of type MESOS",
    ],
    [
      { networks: [{ mode: "host", labels: { a: "b" } }] },
      "/networks(0)/labels: must be empty in a host network",
    ],
    [{ networks: [{ mode: "container" }] }, "/networks(0)/name: a container network has a name"],
    [
      { networks: [{ mode: "container/bridge", name: "a" }] },
      "/networks(0)/name: a container/bridge network has no name",
    ],
    [
      { networks: [{ name: "a" }, { mode: "container/bridge" }] },
      "/networks: all networks have the same mode",
    ],
    [
      { networks: [{ mode: "host" }, { mode: "host" }] },
      "/networks: there is at most one host or container/bridge network",
    ],
    [{ networks: [{ name: "a" }, { name: "a" }] }, "/networks: a is listed twice"],
    [
      { networks: [{ name: "a" }], container: { portMappings: [{ networkNames: ["b"] }] } },
      '/container/portMappings(0)/networkNames: no network of the app is named "b"',
    ],
    [
      { networks: [{ name: "a" }, { name: "b" }], container: { portMappings: [{ hostPort: 0 }] } },
      "/container/portMappings(0)/networkNames: a port of the agent leads into exactly one of several networks",
    ],
    [
      { networks: [{ name: "a" }], container: { portMappings: [{ name: "x" }, { name: "x" }] } },
      "/container/portMappings: Port names must be unique.",
    ],
    [
      { networks: [{ name: "a" }], ipAddress: { networkName: "a" } },
      "/ipAddress: cannot be given together with networks",
    ],
    [{ ipAddress: { networkName: "a" }, ports: [80] }, "/ipAddress: cannot be given together with ports"],
    [
      { networks: [{ name: "a" }], healthChecks: [{ portIndex: 1 }] },
      "/healthChecks(0): Health check port indices must address an element of the ports array or container port mappings.",
    ],
  ])("%j is refused: %s", (body, problem) => {
    expect(problemsOf(body)).toEqual([problem]);
  });
});
