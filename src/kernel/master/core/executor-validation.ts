/** What makes an ExecutorInfo unfit for a task or a group that names it. Source: contract mesos.md section 1.5. */
import type { ExecutorInfo } from "#contracts/kernel/messages.gen.ts";
import { parseResources, Resources, ResourcesInvalid } from "#domain/resources/index.ts";
import { executorOn } from "./executors.ts";
import { idFault, idLengthMax } from "./ids.ts";
import type { AgentRecord, FrameworkRecord } from "./records.ts";

export type ExecutorVerdict =
  /** `resources`: what starting it takes; nothing for one that is there. */
  | { readonly kind: "valid"; readonly isNew: boolean; readonly resources: Resources }
  | { readonly kind: "invalid"; readonly problem: string };

const invalid = (problem: string): ExecutorVerdict => ({ kind: "invalid", problem: `executor.${problem}` });

export function judgeExecutor(
  info: ExecutorInfo,
  {
    framework,
    agent,
    role,
    launches,
  }: {
    readonly framework: FrameworkRecord;
    readonly agent: AgentRecord;
    readonly role: string;
    readonly launches: "task" | "group";
  },
): ExecutorVerdict {
  try {
    const problem =
      executorProblem(info, framework) ?? (launches === "task" ? typeProblem(info) : groupProblem(info));
    if (problem !== undefined) return invalid(problem);
    for (const { name, allocation_info } of info.resources ?? []) {
      if (allocation_info?.role !== undefined && allocation_info.role !== role)
        return invalid(
          `resources: ${name} is allocated to role ${allocation_info.role}, the offer to ${role}`,
        );
    }
    const resources = parseResources(info.resources ?? []);
    const known = executorOn(agent, framework.id, info.executor_id.value);
    if (known === undefined) return { kind: "valid", isNew: true, resources };
    if (!isSameExecutor(info, known.info) || !resources.equals(known.resources))
      return invalid(`executor_id: ${info.executor_id.value} runs on this agent with another ExecutorInfo`);
    return { kind: "valid", isNew: false, resources: Resources.empty };
  } catch (error) {
    if (error instanceof ResourcesInvalid) return invalid(`resources: ${error.message}`);
    throw error;
  }
}

function executorProblem(info: ExecutorInfo, framework: FrameworkRecord): string | undefined {
  const { executor_id, framework_id, shutdown_grace_period: grace } = info;
  const id = executor_id.value;
  const fault = idFault(id);
  if (fault === "empty" || fault === "dots") return `executor_id: "${id}" can't be the id of an executor`;
  if (fault === "length") return `executor_id has ${id.length} characters; ${idLengthMax} are allowed`;
  if (fault === "characters") return `executor_id "${id}" holds a slash, a backslash or a control character`;
  if (framework_id !== undefined && framework_id.value !== framework.id)
    return `framework_id is ${framework_id.value}, and the framework is ${framework.id}`;
  if ((grace?.nanoseconds ?? 0) < 0) return "shutdown_grace_period is negative";
  return undefined;
}

function typeProblem({ type, command }: ExecutorInfo): string | undefined {
  if (type === "DEFAULT") return "type: DEFAULT is for LAUNCH_GROUP; LAUNCH takes CUSTOM";
  return command === undefined ? "command: an executor of type CUSTOM has one" : undefined;
}

/** Least shares of a group's executor: thousandths of a CPU and of a MiB. */
const groupMinimum = { cpus: 10, mem: 32_000 } as const;

function groupProblem({ type, command, container, resources: wire = [] }: ExecutorInfo): string | undefined {
  if (type !== "DEFAULT" && type !== "CUSTOM") return "type: LAUNCH_GROUP takes DEFAULT or CUSTOM";
  if (type === "CUSTOM" && command === undefined) return "command: an executor of type CUSTOM has one";
  if (type === "DEFAULT" && command !== undefined) return "command: an executor of type DEFAULT has none";
  if (type === "DEFAULT" && container !== undefined) {
    if (container.type !== "MESOS") return "container.type: an executor of type DEFAULT has MESOS";
    if (container.mesos?.image !== undefined)
      return "container.mesos.image: an executor of type DEFAULT has none";
  }
  const resources = parseResources(wire);
  for (const [name, least] of Object.entries(groupMinimum)) {
    const millis = resources.scalarMillis(name);
    if (millis < least) return `resources: ${name} is ${millis / 1_000}, at least ${least / 1_000} is needed`;
  }
  return wire.some(({ name }) => name === "disk") ? undefined : "resources: disk is missing";
}

/** Both as JSON, whatever the order of fields; what the master filled in does not count. */
export function isSameExecutor(one: ExecutorInfo, other: ExecutorInfo): boolean {
  const plain = ({ resources: _resources, framework_id: _framework, ...info }: ExecutorInfo): string =>
    textOf({ ...info, type: info.type ?? "CUSTOM" });
  return plain(one) === plain(other);
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${textOf(field)}`)
    .join()}}`;
}
