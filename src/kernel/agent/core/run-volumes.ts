/**
 * The persistent volumes that a task has: its own, and those of its executor that it asks for by their place in the
 * executor's sandbox, all tasks of which may have the same. Source: contract mesos.md sections 2.4 and 5.6.
 */
import type { TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { parseResources } from "#domain/resources/index.ts";
import type { VolumeMount } from "#kernel/containerizer/driver.ts";
import type { Executor } from "./executor-run.ts";
import type { AgentResources } from "./operations/agent-resources.ts";
import type { TaskRun } from "./task-run.ts";

export interface RunVolumes {
  readonly own: readonly VolumeMount[];
  readonly ofExecutor: readonly VolumeMount[];
}

export function volumesOfRun(
  { spec }: TaskRun,
  executor: Executor | undefined,
  resources: Pick<AgentResources, "mounts">,
): RunVolumes {
  const own = resources.mounts(parseResources(spec.resources));
  if (spec.executor?.isNested !== true || executor === undefined) return { own, ofExecutor: [] };
  const mounts = resources.mounts(parseResources(executor.spec.info.resources ?? []));
  const ofExecutor = sharedFoldersOf(spec.task).flatMap(({ folder, containerPath, isReadOnly }) => {
    const directory = mounts.find((mount) => mount.containerPath === folder)?.directory;
    // A link keeps nobody from writing: it is mounted, as the machine's own are.
    const readOnly = isReadOnly ? { isHosts: true as const, isReadOnly: true as const } : {};
    return directory === undefined ? [] : [{ directory, containerPath, ...readOnly }];
  });
  return { own, ofExecutor };
}

/** All of them, wherever they come from. */
export function mountsOfRun(
  run: TaskRun,
  executors: { get(containerId: string): Executor | undefined },
  resources: Pick<AgentResources, "mounts">,
): readonly VolumeMount[] {
  const executor = executors.get(run.spec.executor?.containerId ?? "");
  const { own, ofExecutor } = volumesOfRun(run, executor, resources);
  return [...own, ...ofExecutor];
}

/** Volumes that are folders of the parent's sandbox; others were refused. */
export function sharedFoldersOf({ container }: TaskInfo): readonly SharedFolder[] {
  return (container?.volumes ?? []).flatMap(({ source, mode, container_path: containerPath }) =>
    source?.sandbox_path === undefined
      ? []
      : [{ folder: source.sandbox_path.path, containerPath, isReadOnly: mode === "RO" }],
  );
}

export interface SharedFolder {
  readonly folder: string;
  readonly containerPath: string;
  readonly isReadOnly: boolean;
}
