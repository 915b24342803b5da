import { describe, expect, it } from "vitest";
import type { ContainerInfo } from "#contracts/kernel/messages.gen.ts";
import { hostVolumeProblem, imageOf, imageProblem, isHostPath } from "./images.ts";

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
    [docker(parameter("init", "true")), "container.docker.parameters init: not supported by this version"],
    [docker(parameter("workdir", "srv")), "container.docker.parameters workdir: srv is no absolute path"],
    [docker(parameter("volume", "data:/data")), "container.docker.parameters volume: data is neither a path"],
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
