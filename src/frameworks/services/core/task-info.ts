/** What the master is asked to launch. Source: contract marathon.md sections 9.1, 9.2 and 9.4. */
import type {
  CommandInfo,
  DiscoveryInfo,
  Label,
  Port,
  Resource,
  TaskInfo,
} from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition } from "../definitions/app.ts";
import { reversedDottedPath } from "./ids.ts";
import { type TaskPlace, taskEnvironment } from "./task-environment.ts";

export interface TaskLaunch extends TaskPlace {
  readonly agentId: string;
  readonly resources: readonly Resource[];
  /** User of the framework, for an app that names none; empty leaves it to the agent. */
  readonly defaultUser: string;
}

export function buildTaskInfo(definition: AppDefinition, launch: TaskLaunch): TaskInfo {
  const graceSeconds = definition.taskKillGracePeriodSeconds;
  const labels = labelsOf(definition.labels ?? {});
  return {
    name: reversedDottedPath(definition.id),
    task_id: { value: launch.taskId },
    agent_id: { value: launch.agentId },
    resources: launch.resources,
    command: buildCommand(definition, launch),
    discovery: buildDiscovery(definition, launch.ports),
    ...(labels.length === 0 ? {} : { labels: { labels } }),
    ...(graceSeconds === undefined
      ? {}
      : { kill_policy: { grace_period: { nanoseconds: graceSeconds * 1_000_000_000 } } }),
  };
}

function buildCommand(definition: AppDefinition, launch: TaskLaunch): CommandInfo {
  const user = definition.user ?? (launch.defaultUser === "" ? undefined : launch.defaultUser);
  const uris = (definition.fetch ?? []).map((artifact) => ({
    value: artifact.uri,
    extract: artifact.extract,
    executable: artifact.executable,
    cache: artifact.cache,
    ...(artifact.destPath === undefined ? {} : { output_file: artifact.destPath }),
  }));
  const variables = [...taskEnvironment(definition, launch)].map(([name, value]) => ({
    name,
    type: "VALUE" as const,
    value,
  }));
  return {
    ...whatToRun(definition),
    environment: { variables },
    ...(uris.length === 0 ? {} : { uris }),
    ...(user === undefined ? {} : { user }),
  };
}

/** `args` are the whole argument vector; the first one is also the program. */
function whatToRun(definition: AppDefinition): CommandInfo {
  if (definition.cmd !== undefined) return { shell: true, value: definition.cmd };
  const [program] = definition.args ?? [];
  return {
    shell: false,
    ...(program === undefined ? {} : { value: program }),
    arguments: definition.args ?? [],
  };
}

/** One entry per port and protocol; `udp,tcp` makes two. */
function buildDiscovery(definition: AppDefinition, ports: readonly number[]): DiscoveryInfo {
  const entries: Port[] = [];
  for (const [index, number] of ports.entries()) {
    const declared = definition.portDefinitions?.[index];
    const labels = labelsOf(declared?.labels ?? {});
    for (const protocol of (declared?.protocol ?? "tcp").split(",")) {
      entries.push({
        number,
        protocol,
        ...(declared?.name === undefined ? {} : { name: declared.name }),
        ...(labels.length === 0 ? {} : { labels: { labels } }),
      });
    }
  }
  return {
    visibility: "FRAMEWORK",
    name: reversedDottedPath(definition.id),
    ports: { ports: entries },
  };
}

function labelsOf(labels: { readonly [name: string]: string }): readonly Label[] {
  return Object.entries(labels).map(([key, value]) => ({ key, value }));
}
