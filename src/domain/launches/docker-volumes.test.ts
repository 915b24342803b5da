import { describe, expect, it } from "vitest";
import type { ContainerInfo, Volume } from "#contracts/kernel/messages.gen.ts";
import { dockerVolume, dockerVolumesOf, dockerVolumesProblem, isDockerVolume } from "./docker-volumes.ts";
import { hostVolumesOf } from "./images.ts";

const docker = (more: object, ...volumes: readonly Volume[]): ContainerInfo => ({
  type: "DOCKER",
  docker: { image: "web", ...more },
  volumes,
});
const source = (docker_volume: object): Volume => ({
  mode: "RW",
  container_path: "data",
  source: { type: "DOCKER_VOLUME", docker_volume: { name: "v", ...docker_volume } },
});
const mesos = (...volumes: readonly Volume[]): ContainerInfo => ({ type: "MESOS", volumes });
const data = {
  kind: "docker" as const,
  driver: "rexray",
  name: "data",
  options: { size: "5" },
  containerPath: "/var/data",
  isReadOnly: true,
};

describe("volumes of plugins in what is launched", () => {
  it("are read as they were written", () => {
    expect(dockerVolumesOf(mesos(dockerVolume(data)))).toEqual([data]);
    expect(dockerVolumesOf(undefined)).toEqual([]);
  });

  it("are those that a container of Docker names where others have a path", () => {
    const named: Volume = { mode: "RO", container_path: "/a", host_path: "first" };
    const path: Volume = { mode: "RW", container_path: "/b", host_path: "/srv" };
    const parameters = [
      { key: "volume", value: "second:/c" },
      { key: "volume", value: "/srv:/d" },
    ];
    const container = docker({ volume_driver: "rexray", parameters }, named, path);
    expect(dockerVolumesOf(container)).toEqual([
      { kind: "docker", driver: "rexray", name: "first", options: {}, containerPath: "/a", isReadOnly: true },
      {
        kind: "docker",
        driver: "rexray",
        name: "second",
        options: {},
        containerPath: "/c",
        isReadOnly: false,
      },
    ]);
    expect(hostVolumesOf(container).map(({ hostPath }) => hostPath)).toEqual(["/srv"]);
    // Without a plugin it is a folder below the sandbox.
    expect(isDockerVolume(named, docker({}))).toBe(false);
  });

  it.each<[ContainerInfo, string]>([
    [
      mesos(source({})),
      "container.volumes data: docker_volume.driver: the plugin that has the volume is not named",
    ],
    [mesos(source({ driver: "../x" })), "../x is no name of a plugin"],
    [mesos(source({ driver: "d", name: "" })), 'docker_volume.name: "" is no name of a volume'],
  ])("%j can't be had", (container, problem) => expect(dockerVolumesProblem(container)).toContain(problem));
});
