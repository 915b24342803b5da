/**
 * What makes a TaskInfo unfit to launch. Every task of a LAUNCH is judged alone.
 * Source: contract mesos.md section 1.5.
 */

import type { ContainerInfo, ExecutorInfo, TaskInfo, Volume } from "#contracts/kernel/messages.gen.ts";
import type { Authorizer } from "#domain/authorization/index.ts";
import { readCheck, readHealthCheck } from "#domain/health/index.ts";
import { hasImage, hostVolumeProblem, imageProblem, leavesProgramToImage } from "#domain/launches/images.ts";
import { isPluginVolume, pluginVolumesProblem } from "#domain/launches/plugin-volumes.ts";
import { parseResources, type Resources, ResourcesInvalid } from "#domain/resources/index.ts";
import { commandSecretProblem, isSecretVolume, secretVolumeProblem } from "#domain/secrets/index.ts";
import { frameworkDenial, taskNeed, userOf } from "./authorization.ts";
import { isSameExecutor } from "./executor-validation.ts";
import { idFault, idLengthMax } from "./ids.ts";
import type { FrameworkRecord, OfferRecord } from "./records.ts";

export interface TaskContext {
  readonly framework: FrameworkRecord;
  readonly offer: Pick<OfferRecord, "agentId" | "role">;
  /** What is left of the accepted offers. */
  readonly remaining: Resources;
  readonly rootSubmissions: boolean;
  readonly authorizer: Authorizer;
  /** Executor of the task's group: it may say the same or nothing. */
  readonly group?: ExecutorInfo;
}

export type TaskVerdict =
  | { readonly kind: "valid"; readonly resources: Resources }
  | {
      readonly kind: "invalid";
      readonly problem: string;
      readonly reason: "REASON_TASK_INVALID" | "REASON_TASK_UNAUTHORIZED";
    };

export function judgeTask(task: TaskInfo, context: TaskContext): TaskVerdict {
  const problem =
    idProblem(task, context) ?? kindProblem(task, context) ?? numbersProblem(task) ?? limitsProblem(task);
  if (problem !== undefined) return invalid(problem);
  const { info } = context.framework;
  // A member of a group runs as the group's executor does unless it says otherwise.
  const run = context.group === undefined ? task : { ...task, executor: context.group };
  const user = userOf(run, info);
  if (user === "root" && !context.rootSubmissions) {
    return { kind: "invalid", problem: "tasks may not run as root here", reason: "REASON_TASK_UNAUTHORIZED" };
  }
  const denied = frameworkDenial(context.authorizer, context.framework, [taskNeed(run, info)]);
  if (denied !== undefined) return { kind: "invalid", problem: denied, reason: "REASON_TASK_UNAUTHORIZED" };
  return judgeResources(task, context);
}

const invalid = (problem: string): TaskVerdict => ({
  kind: "invalid",
  problem,
  reason: "REASON_TASK_INVALID",
});

function idProblem(task: TaskInfo, { framework, offer }: TaskContext): string | undefined {
  const id = task.task_id.value;
  const fault = idFault(id);
  if (fault === "empty" || fault === "dots") return `"${id}" can't be the id of a task`;
  if (fault === "length") return `the task's id has ${id.length} characters; ${idLengthMax} are allowed`;
  if (fault === "characters")
    return `the task's id "${id}" holds a slash, a backslash or a control character`;
  if (framework.tasks.has(id)) return `task ${id} exists already`;
  if (framework.unreachableTasks.has(id)) return `task ${id} exists already, on an agent that is unreachable`;
  if (task.agent_id.value !== offer.agentId)
    return `the task is for agent ${task.agent_id.value}, the offer is of ${offer.agentId}`;
  return undefined;
}

function kindProblem(task: TaskInfo, { group }: TaskContext): string | undefined {
  if (group === undefined && (task.command === undefined) === (task.executor === undefined))
    return "a task has either a command or an executor";
  if (group !== undefined) {
    const problem = memberProblem(task, group);
    if (problem !== undefined) return problem;
  } else if (!sharesCgroups(task.container))
    return "container.linux_info.share_cgroups: false is for tasks of a LAUNCH_GROUP";
  const { container } = task;
  const problem = container === undefined ? undefined : containerProblem(container, group !== undefined);
  return problem ?? checksProblem(task) ?? commandProblem(task);
}

function containerProblem(container: ContainerInfo, isInGroup: boolean): string | undefined {
  const image = imageProblem(container);
  if (image !== undefined) return image;
  for (const volume of container.volumes ?? []) {
    const problem = volumeProblem(volume, container, isInGroup);
    if (problem !== undefined) return problem;
  }
  return pluginVolumesProblem(container);
}

function volumeProblem(volume: Volume, container: ContainerInfo, isInGroup: boolean): string | undefined {
  if (isSecretVolume(volume)) return secretVolumeProblem(volume, hasImage(container));
  // What an executor's own sandbox holds may be shared by those within it.
  if (isInGroup && volume.source?.type === "SANDBOX_PATH") return undefined;
  return isPluginVolume(volume, container) ? undefined : hostVolumeProblem(volume);
}

function memberProblem(task: TaskInfo, group: ExecutorInfo): string | undefined {
  const { command, executor, container, health_check, limits = {} } = task;
  if (group.type === "DEFAULT" && command === undefined) return "command: a task of such a group has one";
  if (executor !== undefined && !isSameExecutor(executor, group))
    return "executor: a task of a group says the group's, or nothing";
  if (container?.type === "DOCKER")
    return "container.type: a task of a group is no Docker container; say MESOS";
  if (Object.keys(limits).length > 0 && sharesCgroups(container))
    return "limits: a task of a group has limits where container.linux_info.share_cgroups is false";
  const isAsked = health_check?.type === "HTTP" || health_check?.type === "TCP";
  if (isAsked && (container?.network_infos ?? []).length > 0)
    return `health_check: ${health_check.type} checks can't reach a task with network_infos of its own`;
  return undefined;
}

/** With its executor and the other tasks of it. Source: Mesos LinuxInfo. */
export const sharesCgroups = (container: ContainerInfo | undefined): boolean =>
  container?.linux_info?.share_cgroups !== false;

function checksProblem({ health_check, check }: TaskInfo): string | undefined {
  const health = health_check === undefined ? undefined : readHealthCheck(health_check);
  if (health !== undefined && "problem" in health) return health.problem;
  const plan = check === undefined ? undefined : readCheck(check);
  return plan !== undefined && "problem" in plan ? plan.problem : undefined;
}

function commandProblem({ command, container }: TaskInfo): string | undefined {
  if (command === undefined) return undefined;
  if ((command.value === undefined || command.value === "") && !leavesProgramToImage(command, container))
    return "the command has no value";
  for (const variable of command.environment?.variables ?? []) {
    if (variable.type !== "SECRET" && variable.value === undefined)
      return `environment ${variable.name} has no value`;
  }
  const secret = commandSecretProblem(command, "TaskInfo");
  if (secret !== undefined) return secret;
  for (const { output_file } of command.uris ?? []) {
    if (output_file !== undefined && (output_file.startsWith("/") || output_file.split("/").includes(".."))) {
      return `output_file ${output_file} leaves the sandbox`;
    }
  }
  return undefined;
}

function numbersProblem({ kill_policy, max_completion_time }: TaskInfo): string | undefined {
  if ((kill_policy?.grace_period?.nanoseconds ?? 0) < 0) return "kill_policy.grace_period is negative";
  if ((max_completion_time?.nanoseconds ?? 0) < 0) return "max_completion_time is negative";
  return undefined;
}

/** Limits are of cpus and mem, each at least what is requested of it; without an end is a limit too. */
function limitsProblem({ limits = {}, resources = [] }: TaskInfo): string | undefined {
  for (const [name, { value }] of Object.entries(limits)) {
    if (name !== "cpus" && name !== "mem") return `limits: ${name} cannot be limited; cpus and mem can`;
    const requested = resources.filter((each) => each.name === name);
    if (requested.length === 0) return `limits: ${name} has a limit and no request`;
    const sum = requested.reduce((total, { scalar }) => total + (scalar?.value ?? 0), 0);
    if (!(value >= sum)) return `limits: ${name} is ${value}, less than its request of ${sum}`;
  }
  return undefined;
}

function judgeResources(task: TaskInfo, { offer, remaining }: TaskContext): TaskVerdict {
  const wire = task.resources ?? [];
  if (wire.length === 0) return invalid("the task uses no resources");
  for (const { name, allocation_info } of wire) {
    if (allocation_info?.role !== undefined && allocation_info.role !== offer.role) {
      return invalid(`${name} is allocated to role ${allocation_info.role}, the offer to ${offer.role}`);
    }
  }
  try {
    const resources = parseResources(wire);
    if (resources.isEmpty) return invalid("the task uses no resources");
    const mixed = resources.entries.find(
      ({ name, revocable }) =>
        revocable && resources.entries.some((other) => other.name === name && !other.revocable),
    );
    if (mixed !== undefined) return invalid(`${mixed.name} is both revocable and not`);
    if (!remaining.contains(resources))
      return invalid(`the task wants ${resources}, of which the offers hold ${remaining}`);
    return { kind: "valid", resources };
  } catch (error) {
    if (error instanceof ResourcesInvalid) return invalid(error.message);
    throw error;
  }
}
