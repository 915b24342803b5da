/**
 * Volumes below the sandboxes of tasks that hold them: persistent ones, whose files are outside, and folders that tasks
 * of an executor share; behind links of ours.
 */
import { dirname, isAbsolute, join, relative } from "node:path";
import type { VolumeMount } from "#kernel/containerizer/index.ts";
import { hostMounts, sharedMounts } from "../core/container-plan.ts";
import { type TaskRun, taskIdOf } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";

/** What nothing below may lead out of, and what is asked for. */
export interface Place {
  readonly root: string;
  readonly path: string;
  /** Of the machine: only what every account of it may read is shown, since a task's framework may ask for any folder. */
  readonly isHosts?: true;
}

/**
 * Root and path of what is asked for when it is in a volume of the run in `runDir`, which may be the `latest` one, or of
 * a task within. Links that a task made itself are no volumes.
 */
export function pathInVolume(view: AgentView, runDir: string, rest: readonly string[]): Place | undefined {
  const run = runIn(view, runDir);
  if (run !== undefined) return pathInRun(view, run, rest);
  const [kind, name = ""] = rest;
  if (kind !== "tasks" && kind !== "containers") return undefined;
  const nested = runsOf(view).find(
    (each) =>
      each.spec.executor?.isNested === true &&
      (kind === "tasks" ? taskIdOf(each) : each.spec.containerId) === name &&
      isIn(executorDirOf(each), runDir),
  );
  return nested === undefined ? undefined : pathInRun(view, nested, rest.slice(2));
}

/** Undefined for what is in no volume of this run. */
export function pathInRun(view: AgentView, run: TaskRun, rest: readonly string[]): Place | undefined {
  const own = matching(view.mountsOf(run), rest);
  if (own !== undefined) return { root: own.mount.directory, path: own.path };
  const mounts = hostMounts(run.spec.task.container, run.spec.sandboxDir).filter(
    ({ containerPath }) => !isAbsolute(containerPath),
  );
  const hosts = matching(mounts, rest);
  if (hosts?.mount.isInSandbox === true) return pathBelow(view, run, hosts.path);
  if (hosts !== undefined) {
    const { directory } = hosts.mount;
    // It may be a file.
    return {
      root: hosts.path === directory ? dirname(directory) : directory,
      path: hosts.path,
      isHosts: true,
    };
  }
  // Tasks may put a link in the shared folder's place: nothing leads out of the executor's sandbox.
  const shared = matching(sharedMounts(run.spec), rest);
  return shared === undefined ? undefined : { root: executorDirOf(run), path: shared.path };
}

/** Of the sandbox itself, or of a persistent volume in it. */
function pathBelow(view: AgentView, run: TaskRun, path: string): Place {
  const { sandboxDir } = run.spec;
  const own = matching(view.mountsOf(run), partsOf(relative(sandboxDir, path)));
  return own === undefined ? { root: sandboxDir, path } : { root: own.mount.directory, path: own.path };
}

function matching(
  mounts: readonly VolumeMount[],
  rest: readonly string[],
): { readonly mount: VolumeMount; readonly path: string } | undefined {
  const mount = mounts.find(({ containerPath }) =>
    partsOf(containerPath).every((part, index) => rest[index] === part),
  );
  if (mount === undefined) return undefined;
  return { mount, path: join(mount.directory, ...rest.slice(partsOf(mount.containerPath).length)) };
}

function runIn(view: AgentView, runDir: string): TaskRun | undefined {
  let found: TaskRun | undefined;
  for (const run of runsOf(view)) {
    const { sandboxDir, launchedAt } = run.spec;
    if (sandboxDir === "" || !isIn(sandboxDir, runDir)) continue;
    if (found === undefined || launchedAt > found.spec.launchedAt) found = run;
  }
  return found;
}

const runsOf = (view: AgentView): readonly TaskRun[] =>
  [...view.frameworks.values()].flatMap((framework) => framework.runs);

const executorDirOf = ({ spec }: TaskRun): string => dirname(dirname(spec.sandboxDir));

const isIn = (sandboxDir: string, runDir: string): boolean =>
  runDir.endsWith("/latest") ? dirname(sandboxDir) === dirname(runDir) : sandboxDir === runDir;

const partsOf = (path: string): readonly string[] =>
  path.split("/").filter((part) => part !== "" && part !== ".");
