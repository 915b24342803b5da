import { describe, expect, it } from "vitest";
import type { ContainerInfo } from "#contracts/kernel/messages.gen.ts";
import { dockerNetworkProblem, inNetworks, networksAskedBy } from "./networks.ts";

const mapping = { host_port: 31_000, container_port: 80, protocol: "tcp" };
const docker = (more: object, infos?: ContainerInfo["network_infos"]): ContainerInfo => ({
  type: "DOCKER",
  docker: { image: "web", ...more },
  ...(infos === undefined ? {} : { network_infos: infos }),
});
const bridge = { name: "mesos-bridge", port_mappings: [mapping] };
const blue = { name: "blue", labels: { labels: [{ key: "tier", value: "a" }] }, port_mappings: [mapping] };

describe("a container in networks", () => {
  it.each<[string, ContainerInfo | undefined, typeof bridge | typeof blue, ContainerInfo]>([
    ["plain", undefined, bridge, { type: "MESOS", network_infos: [bridge] }],
    [
      "Docker's bridge",
      docker({ network: "HOST" }),
      bridge,
      docker({ network: "BRIDGE", port_mappings: [mapping] }),
    ],
    [
      "another network of Docker's",
      docker({ network: "HOST" }),
      blue,
      docker({ network: "USER", port_mappings: [mapping] }, [{ name: "blue", labels: blue.labels }]),
    ],
  ])("is written as its engine has it, and read as the same: %s", (_name, container, info, expected) => {
    const written = inNetworks(container, [info]).container;
    expect(written).toEqual(expected);
    expect(networksAskedBy(written)).toEqual([info]);
    expect(dockerNetworkProblem(expected)).toBeUndefined();
  });

  it.each<[string, ContainerInfo, readonly (string | undefined)[]]>([
    ["nothing said", { type: "MESOS" }, []],
    ["no name", { type: "MESOS", network_infos: [{}] }, []],
    ["several", { type: "MESOS", network_infos: [{ name: "a" }, { name: "b" }] }, ["a", "b"]],
    ["Docker's own", docker({}), []],
    ["a bridge without ports", docker({ network: "BRIDGE" }), ["mesos-bridge"]],
    ["a bridge with a name", docker({ network: "BRIDGE" }, [{ name: "a" }]), ["a"]],
  ])("asks for the networks that it names: %s", (_name, container, names) =>
    expect(networksAskedBy(container).map(({ name }) => name)).toEqual(names),
  );

  it.each<[ContainerInfo, string]>([
    [docker({ network: "NONE", port_mappings: [mapping] }), "container.docker.port_mappings"],
    [docker({ network: "HOST", port_mappings: [mapping] }), "container.docker.port_mappings"],
    [docker({ network: "USER" }), "container.network_infos"],
    [docker({ network: "USER" }, [{}]), "container.network_infos"],
    [docker({ network: "USER" }, [{ name: "a" }, { name: "b" }]), "container.network_infos"],
  ])("%j is refused by %s", (container, field) => expect(dockerNetworkProblem(container)).toContain(field));
});
