import { describe, expect, it } from "vitest";
import type { ContainerInfo } from "#contracts/kernel/messages.gen.ts";
import { dockerParameters, hostVolumeProblem, imageOf, imageProblem, isHostPath } from "./images.ts";

const docker = (more: object): ContainerInfo => ({ type: "DOCKER", docker: { image: "web", ...more } });
const parameter = (key: string, value: string) => ({ parameters: [{ key, value }] });

describe("a container with an image", () => {
  it.each<[ContainerInfo, string]>([
    [{ type: "DOCKER" }, "container.docker"],
    [{ type: "MESOS", docker: { image: "web" } }, "container.docker"],
    [{ type: "MESOS", hostname: "box" }, "container.hostname"],
    [
      { type: "MESOS", mesos: { image: { type: "APPC", appc: { name: "web" } } } },
      "container.mesos.image.type",
    ],
    [
      {
        type: "MESOS",
        mesos: { image: { type: "DOCKER", docker: { name: "web", config: { type: "REFERENCE" } } } },
      },
      "container.mesos.image.docker.config",
    ],
    [docker(parameter("shm-size", "1g")), "container.docker.parameters shm-size"],
    [docker(parameter("volume", "data:/data")), "container.docker.parameters volume"],
    [docker(parameter("volume", "/a/../etc:/data")), "container.docker.parameters volume"],
    [docker(parameter("volume", "/data:/data:rshared")), "propagation of mounts"],
    [docker(parameter("hostname", "-x")), "container.docker.parameters hostname"],
    [docker(parameter("workdir", "srv")), "container.docker.parameters workdir"],
    [docker(parameter("cap-add", "net admin")), "container.docker.parameters cap-add"],
    [docker({ volume_driver: "rexray" }), "container.docker.volume_driver"],
  ])("%j is refused by %s", (container, field) => expect(imageProblem(container)).toContain(field));

  it("says all that its parameters do; of one that stands twice the last holds", () => {
    const parameters = [
      { key: "e", value: "A=b=c" },
      { key: "user", value: "guest" },
      { key: "v", value: "/srv:/data:ro" },
      { key: "workdir", value: "/a" },
      { key: "w", value: "/b" },
      { key: "cap-drop", value: "ALL" },
      { key: "cap-add", value: "CAP_CHOWN" },
    ];
    const container = docker({ parameters, privileged: false, force_pull_image: true });
    expect(imageProblem(container)).toBeUndefined();
    expect(imageOf(container)).toEqual({
      reference: "web",
      isCached: false,
      engine: "docker",
      workingDirectory: "/b",
      addedCapabilities: ["CHOWN"],
      droppedCapabilities: ["ALL"],
    });
    expect(dockerParameters(container)).toEqual({
      environment: { A: "b=c" },
      user: "guest",
      volumes: [{ hostPath: "/srv", containerPath: "/data", isReadOnly: true }],
    });
  });
});

describe("a path of a host volume", () => {
  it.each(["/", "/srv/data", "data", "./deep/data"])("%s is one", (path) => {
    expect(isHostPath(path)).toBe(true);
    expect(hostVolumeProblem({ mode: "RW", container_path: "/data", host_path: path })).toBeUndefined();
  });
  it.each(["", ".", "./", "..", "data/..", "/srv/../etc", "a\nb"])("%j is none", (path) => {
    expect(isHostPath(path)).toBe(false);
    expect(hostVolumeProblem({ mode: "RW", container_path: "/data", host_path: path })).toContain(
      "neither an absolute path nor one below the sandbox",
    );
  });
});
