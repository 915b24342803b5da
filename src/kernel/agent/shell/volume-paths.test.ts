import { describe, expect, it } from "vitest";
import type { Volume } from "#contracts/kernel/messages.gen.ts";
import type { VolumeMount } from "#kernel/containerizer/index.ts";
import type { TaskRun } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";
import { pathInRun } from "./volume-paths.ts";

const sandboxDir = "/work/run";
const volume = (host_path: string, container_path: string): Volume => ({
  mode: "RW",
  host_path,
  container_path,
});
/** Only what is looked at. */
const runWith = (...volumes: readonly Volume[]): TaskRun =>
  ({ spec: { sandboxDir, task: { container: { type: "MESOS", volumes } } } }) as unknown as TaskRun;
const viewWith = (...mounts: readonly VolumeMount[]): AgentView =>
  ({ mountsOf: () => mounts }) as unknown as AgentView;
const kept: VolumeMount = { directory: "/volumes/kept", containerPath: "kept" };

describe("where the files of a volume in a sandbox are", () => {
  it.each<[string, Volume, readonly string[], object | undefined]>([
    [
      "of a folder of the sandbox",
      volume("data", "seen"),
      ["seen", "a"],
      { root: sandboxDir, path: "/work/run/data/a" },
    ],
    ["of that folder itself", volume("data", "seen"), ["seen"], { root: sandboxDir, path: "/work/run/data" }],
    [
      "of a folder within the one it is seen in",
      volume("seen/data", "seen"),
      ["seen", "a"],
      { root: sandboxDir, path: "/work/run/seen/data/a" },
    ],
    [
      "of a persistent volume under another name",
      volume("kept", "seen"),
      ["seen", "a"],
      { root: "/volumes/kept", path: "/volumes/kept/a" },
    ],
    [
      "of a persistent volume",
      volume("data", "seen"),
      ["kept", "a"],
      { root: "/volumes/kept", path: "/volumes/kept/a" },
    ],
    [
      "of a folder of the machine",
      volume("/srv/data", "seen"),
      ["seen", "a"],
      { root: "/srv/data", path: "/srv/data/a", isHosts: true },
    ],
    ["of nothing that is seen at an absolute path", volume("data", "/seen"), ["seen", "a"], undefined],
    ["of nothing else in the sandbox", volume("data", "seen"), ["data", "a"], undefined],
  ])("%s", (_, mounted, rest, place) => {
    expect(pathInRun(viewWith(kept), runWith(mounted), rest)).toEqual(place);
  });
});
