/** Persistent volumes below the sandboxes of tasks that hold them: their files are outside, behind a link of ours. */
import { dirname, join } from "node:path";
import type { VolumeMount } from "#kernel/containerizer/index.ts";
import type { TaskRun } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";

/**
 * Root and path of what is asked for when it is in a volume of the run in `runDir`, which may be the `latest` one.
 * Links that a task made itself are no volumes.
 */
export function pathInVolume(
  view: AgentView,
  runDir: string,
  rest: readonly string[],
): { readonly root: string; readonly path: string } | undefined {
  const mount = mountsIn(view, runDir).find(({ containerPath }) =>
    partsOf(containerPath).every((part, index) => rest[index] === part),
  );
  if (mount === undefined) return undefined;
  const below = rest.slice(partsOf(mount.containerPath).length);
  return { root: mount.directory, path: join(mount.directory, ...below) };
}

function mountsIn(view: AgentView, runDir: string): readonly VolumeMount[] {
  const runs = [...view.frameworks.values()].flatMap((framework) => framework.runs);
  const isLatest = runDir.endsWith("/latest");
  let found: TaskRun | undefined;
  for (const run of runs) {
    const { sandboxDir, launchedAt } = run.spec;
    if (sandboxDir === "" || !(isLatest ? dirname(sandboxDir) === dirname(runDir) : sandboxDir === runDir))
      continue;
    if (found === undefined || launchedAt > found.spec.launchedAt) found = run;
  }
  return found === undefined ? [] : view.mountsOf(found);
}

const partsOf = (path: string): readonly string[] =>
  path.split("/").filter((part) => part !== "" && part !== ".");
