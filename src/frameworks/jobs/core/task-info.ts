/** What the master is asked to launch for a run. Source: contract metronome.md section 7; marathon.md sections 9.1 and 9.2. */
import type { CommandInfo, EnvironmentVariable, Resource, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { JobRunSpec } from "#domain/jobs/index.ts";
import {
  containerOf,
  hostVolume,
  type LaunchedImage,
  commandOf as plainCommand,
} from "#domain/launches/containers.ts";
import { infoOf, inNetworks } from "#domain/launches/networks.ts";
import { killPolicyOf, labelsOf, secretVolume, urisOf } from "#domain/launches/task-parts.ts";
import { decimalText, labelVariables, secretVariable, variable } from "#domain/launches/task-variables.ts";
import { runPath, taskName } from "./ids.ts";
import type { Run, RunTask } from "./run.ts";

export function buildTaskInfo(
  run: Run,
  task: RunTask,
  launch: {
    readonly resources: readonly Resource[];
    /** Prefix of HOST. */
    readonly prefix: string;
    /** User of the framework, for a job that names none; empty leaves it to the agent. */
    readonly defaultUser: string;
  },
): TaskInfo {
  const { spec } = run;
  const labels = labelsOf(run.labels);
  const graceSeconds = spec.taskKillGracePeriodSeconds;
  const command = commandOf(spec);
  const isUserOpen = command.user === undefined && launch.defaultUser !== "";
  return {
    name: taskName(run.jobId, run.id),
    task_id: { value: task.id },
    agent_id: { value: task.agentId },
    resources: launch.resources,
    command: {
      ...command,
      environment: { variables: environmentOf(run, task, launch.prefix) },
      ...(isUserOpen ? { user: launch.defaultUser } : {}),
    },
    ...(labels.length === 0 ? {} : { labels: { labels } }),
    ...containerPart(spec),
    ...(graceSeconds === undefined ? {} : killPolicyOf(graceSeconds)),
  };
}

function commandOf(spec: JobRunSpec): CommandInfo {
  const { cmd, args = [], artifacts, user } = spec;
  return {
    ...plainCommand(cmd, args, imageOf(spec)),
    ...urisOf(artifacts),
    ...(user === undefined ? {} : { user }),
  };
}

/** Each name once; the user's own override everything. */
function environmentOf(run: Run, task: RunTask, prefix: string): readonly EnvironmentVariable[] {
  const { spec } = run;
  const variables = new Map<string, string>([
    ["MESOS_TASK_ID", task.id],
    ["MARATHON_APP_ID", runPath(run.jobId, run.id)],
    ["MARATHON_APP_RESOURCE_CPUS", decimalText(spec.cpus)],
    ["MARATHON_APP_RESOURCE_MEM", decimalText(spec.mem)],
    ["MARATHON_APP_RESOURCE_DISK", decimalText(spec.disk)],
    ["MARATHON_APP_RESOURCE_GPUS", String(spec.gpus)],
    ...labelVariables(run.labels),
    [`${prefix}HOST`, task.host],
  ]);
  const own = Object.entries(spec.env).map(([name, value]) =>
    typeof value === "string" ? variable(name, value) : secretVariable(name, sourceOf(spec, value.secret)),
  );
  for (const { name } of own) variables.delete(name);
  return [...[...variables].map(([name, value]) => variable(name, value)), ...own];
}

function containerPart(spec: JobRunSpec): Pick<TaskInfo, "container"> {
  const volumes = spec.volumes.map((volume) =>
    "secret" in volume
      ? secretVolume(volume.containerPath, sourceOf(spec, volume.secret))
      : hostVolume(volume.containerPath, volume.hostPath, volume.mode),
  );
  return inNetworks(containerOf(imageOf(spec), volumes), spec.networks.flatMap(infoOf));
}

function imageOf({ docker, ucr }: JobRunSpec): LaunchedImage | undefined {
  if (docker !== undefined)
    return {
      engine: "DOCKER",
      name: docker.image,
      forcesPull: docker.forcePullImage,
      isPrivileged: docker.privileged,
      parameters: docker.parameters,
    };
  return ucr === undefined
    ? undefined
    : { engine: "MESOS", name: ucr.image.id, forcesPull: ucr.image.forcePull };
}

/** What refers to a secret that nobody declared was refused. */
const sourceOf = ({ secrets }: JobRunSpec, name: string): string => secrets[name]?.source ?? "";
