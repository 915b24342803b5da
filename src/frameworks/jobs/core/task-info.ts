/** What the master is asked to launch for a run. Source: contract metronome.md section 7; marathon.md sections 9.1 and 9.2. */
import type { CommandInfo, EnvironmentVariable, Resource, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { JobRunSpec } from "#domain/jobs/index.ts";
import { killPolicyOf, labelsOf, programOf, secretVolume, urisOf } from "#domain/launches/task-parts.ts";
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
    ...secretFilesOf(spec),
    ...(graceSeconds === undefined ? {} : killPolicyOf(graceSeconds)),
  };
}

function commandOf({ cmd, args = [], artifacts, user }: JobRunSpec): CommandInfo {
  return {
    ...(cmd === undefined ? programOf(args) : { shell: true, value: cmd }),
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

function secretFilesOf(spec: JobRunSpec): Pick<TaskInfo, "container"> {
  const volumes = spec.volumes.flatMap((volume) =>
    "secret" in volume ? [secretVolume(volume.containerPath, sourceOf(spec, volume.secret))] : [],
  );
  return volumes.length === 0 ? {} : { container: { type: "MESOS", volumes } };
}

/** What refers to a secret that nobody declared was refused. */
const sourceOf = ({ secrets }: JobRunSpec, name: string): string => secrets[name]?.source ?? "";
