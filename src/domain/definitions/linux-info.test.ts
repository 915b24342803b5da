import { describe, expect, it } from "vitest";
import { DefinitionInvalid, parseApp, parsePod } from "./index.ts";

const options = { defaultRole: "*" };
const app = (linuxInfo: object, more: object = {}) =>
  parseApp({ id: "/a", cmd: "run it", container: { type: "MESOS", linuxInfo, ...more } }, options);
const pod = (linuxInfo: object, own: object = {}) =>
  parsePod(
    {
      id: "/p",
      linuxInfo,
      containers: [
        {
          name: "one",
          resources: { cpus: 0.1, mem: 32 },
          exec: { command: { shell: "run it" } },
          linuxInfo: own,
        },
      ],
    },
    options,
  );

function problems(parse: () => unknown): readonly string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionInvalid)) throw error;
    return error.details.map(({ path, errors }) => `${path} ${errors.join()}`);
  }
}

describe("what a container asks of the kernel", () => {
  it("is kept as it was said, with a profile or without one", () => {
    const ipcInfo = { mode: "PRIVATE", shmSize: 32 };
    expect(app({ seccomp: { profileName: "own.json" }, ipcInfo }).container).toMatchObject({
      type: "MESOS",
      linuxInfo: { seccomp: { profileName: "own.json", unconfined: false }, ipcInfo },
    });
    expect(app({ seccomp: { unconfined: true } }).container).toMatchObject({
      linuxInfo: { seccomp: { unconfined: true } },
    });
    expect(pod({ ipcInfo }, { ipcInfo: { mode: "SHARE_PARENT" } }).pod).toMatchObject({
      linuxInfo: { ipcInfo },
      containers: [{ linuxInfo: { ipcInfo: { mode: "SHARE_PARENT" } } }],
    });
  });

  it.each<[string, () => unknown, string]>([
    [
      "a profile, and none",
      () => app({ seccomp: { profileName: "a", unconfined: true } }),
      "/container/linuxInfo/seccomp/profileName cannot be given together with unconfined",
    ],
    ["neither", () => app({ seccomp: {} }), "/container/linuxInfo/seccomp/profileName must not be empty"],
    [
      "a size of shared memory",
      () => app({ ipcInfo: { mode: "SHARE_PARENT", shmSize: 1 } }),
      "/container/linuxInfo/ipcInfo/shmSize cannot be given together with SHARE_PARENT",
    ],
    [
      "a size in a pod's container",
      () => pod({}, { ipcInfo: { mode: "SHARE_PARENT", shmSize: 1 } }),
      "/containers(0)/linuxInfo/ipcInfo/shmSize cannot be given together with SHARE_PARENT",
    ],
    [
      "a size in a pod",
      () => pod({ ipcInfo: { mode: "SHARE_PARENT", shmSize: 1 } }),
      "/linuxInfo/ipcInfo/shmSize cannot be given together with SHARE_PARENT",
    ],
    [
      "a container of Docker",
      () => app({ seccomp: { unconfined: true } }, { type: "DOCKER", docker: { image: "web" } }),
      "/container/linuxInfo is for containers of type MESOS",
    ],
    [
      "a GPU for a container of Docker",
      () =>
        parseApp(
          { id: "/a", cmd: "run it", gpus: 1, container: { type: "DOCKER", docker: { image: "web" } } },
          options,
        ),
      "/gpus is for containers of type MESOS",
    ],
  ])("is refused with %s", (_name, parse, problem) => {
    expect(problems(parse)).toEqual([problem]);
  });
});
