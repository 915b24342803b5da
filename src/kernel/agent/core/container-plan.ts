/**
 * From a task to what its container needs: environment, limits, user, directories.
 *
 * Source: Mesos command executor; contract mesos.md sections 2.2, 2.3, 2.7, 2.8.
 */
import type { CommandInfo, FrameworkInfo, Resource, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { parseResources } from "#domain/resources/index.ts";
import type { LaunchSpec, VolumeMount } from "#kernel/containerizer/driver.ts";
import { type AgentFacts, pidOf } from "./policy.ts";

/** All of a launch but how logs rotate, which the shell knows. */
export type ContainerPlan = Omit<LaunchSpec, "stdout" | "stderr">;

export interface PlanInput {
  readonly containerId: string;
  readonly agentId: string;
  readonly frameworkId: string;
  readonly framework: FrameworkInfo;
  readonly task: TaskInfo;
  readonly role: string;
  readonly resources: readonly Resource[];
  readonly volumes: readonly VolumeMount[];
}

/** A command executor's own share, on top of what the task asked for. Source: Mesos, not charged to the offer. */
const executorOverhead = { cpusMillis: 100, memMib: 32 } as const;

export function planContainer(input: PlanInput, facts: AgentFacts): ContainerPlan {
  const { containerId, task, framework } = input;
  const command = task.command ?? {};
  const sandboxDir = sandboxPath(facts.workDir, input);
  const user = command.user ?? (facts.canSwitchUser && framework.user !== "" ? framework.user : undefined);
  const rlimits = task.container?.rlimit_info?.rlimits ?? [];
  return {
    containerId,
    runtimeDir: `${facts.runtimeDir}/${containerId}`,
    sandboxDir,
    command:
      command.shell === false
        ? { kind: "argv", value: command.value ?? "", argv: command.arguments ?? [] }
        : { kind: "shell", value: command.value ?? "" },
    environment: environmentOf(input, sandboxDir, facts),
    ...(user === undefined ? {} : { user }),
    ...(rlimits.length === 0
      ? {}
      : {
          rlimits: rlimits.map(({ type, soft, hard }) => ({
            type: type ?? "",
            ...(soft === undefined ? {} : { soft }),
            ...(hard === undefined ? {} : { hard }),
          })),
        }),
    limits: limitsOf(task, input.resources),
    ...(input.volumes.length === 0 ? {} : { volumes: input.volumes }),
    uris: (command.uris ?? []).map(({ value, executable, extract, cache, output_file }) => ({
      value,
      ...(executable === undefined ? {} : { executable }),
      ...(extract === undefined ? {} : { extract }),
      ...(cache === undefined ? {} : { cache }),
      ...(output_file === undefined ? {} : { outputFile: output_file }),
    })),
  };
}

/** Where one run of a task works. Source: Mesos agent work directory layout. */
export function sandboxPath(
  workDir: string,
  run: {
    readonly agentId: string;
    readonly frameworkId: string;
    readonly task: TaskInfo;
    readonly containerId: string;
  },
): string {
  const { agentId, frameworkId, task, containerId } = run;
  return `${workDir}/slaves/${agentId}/frameworks/${frameworkId}/executors/${task.task_id.value}/runs/${containerId}`;
}

function limitsOf(task: TaskInfo, wire: readonly Resource[]): ContainerPlan["limits"] {
  const resources = parseResources(wire);
  const cpus = task.limits?.["cpus"]?.value;
  const mem = task.limits?.["mem"]?.value;
  return {
    cpusMillis: resources.scalarMillis("cpus") + executorOverhead.cpusMillis,
    memMib: resources.scalarMillis("mem") / 1000 + executorOverhead.memMib,
    ...(task.limits?.["cpus"] === undefined
      ? {}
      : {
          cpusLimitMillis: isBounded(cpus)
            ? Math.round(cpus * 1000) + executorOverhead.cpusMillis
            : "infinity",
        }),
    ...(task.limits?.["mem"] === undefined
      ? {}
      : { memLimitMib: isBounded(mem) ? mem + executorOverhead.memMib : "infinity" }),
  };
}

/** JSON has no infinity: what came over the link or from the disk as null was one. */
function isBounded(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** What the agent sets, then what the user set on top of it. */
function environmentOf(
  input: PlanInput,
  sandboxDir: string,
  facts: AgentFacts,
): Readonly<Record<string, string>> {
  const { framework, task } = input;
  const endpoint = pidOf(facts).slice("slave(1)@".length);
  const checkpoint = framework.checkpoint === true;
  const variables: [string, string][] = [
    ["MESOS_FRAMEWORK_ID", input.frameworkId],
    ["MESOS_EXECUTOR_ID", task.task_id.value],
    ["MESOS_DIRECTORY", sandboxDir],
    ["MESOS_SANDBOX", sandboxDir],
    ["MESOS_SLAVE_ID", input.agentId],
    ["MESOS_SLAVE_PID", pidOf(facts)],
    ["MESOS_AGENT_ENDPOINT", endpoint],
    ["MESOS_CHECKPOINT", checkpoint ? "1" : "0"],
    ["MESOS_HTTP_COMMAND_EXECUTOR", "0"],
    ["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5secs"],
    ["MESOS_ALLOCATION_ROLE", input.role],
    ["LIBPROCESS_IP", facts.ip],
    ["LIBPROCESS_PORT", "0"],
  ];
  if (checkpoint)
    variables.push(["MESOS_RECOVERY_TIMEOUT", "15mins"], ["MESOS_SUBSCRIPTION_BACKOFF_MAX", "2secs"]);
  for (const { name, value } of userVariables(task.command)) variables.push([name, value]);
  return Object.fromEntries(variables);
}

function userVariables(
  command: CommandInfo | undefined,
): readonly { readonly name: string; readonly value: string }[] {
  return (command?.environment?.variables ?? []).map(({ name, value }) => ({ name, value: value ?? "" }));
}
