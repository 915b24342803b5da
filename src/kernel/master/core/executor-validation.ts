/** What makes an ExecutorInfo unfit for a task that names it. Source: contract mesos.md section 1.5. */
import type { ExecutorInfo } from "#contracts/kernel/messages.gen.ts";
import { parseResources, Resources, ResourcesInvalid } from "#domain/resources/index.ts";
import { executorOn } from "./executors.ts";
import type { AgentRecord, FrameworkRecord } from "./records.ts";

export type ExecutorVerdict =
  /** `resources`: what starting it takes; nothing for one that is there. */
  | { readonly kind: "valid"; readonly isNew: boolean; readonly resources: Resources }
  | { readonly kind: "invalid"; readonly problem: string };

const idLengthMax = 255;
const invalid = (problem: string): ExecutorVerdict => ({ kind: "invalid", problem: `executor.${problem}` });

export function judgeExecutor(
  info: ExecutorInfo,
  {
    framework,
    agent,
    role,
  }: {
    readonly framework: FrameworkRecord;
    readonly agent: AgentRecord;
    readonly role: string;
  },
): ExecutorVerdict {
  const problem = executorProblem(info, framework);
  if (problem !== undefined) return invalid(problem);
  try {
    for (const { name, allocation_info } of info.resources ?? []) {
      if (allocation_info?.role !== undefined && allocation_info.role !== role)
        return invalid(
          `resources: ${name} is allocated to role ${allocation_info.role}, the offer to ${role}`,
        );
    }
    const resources = parseResources(info.resources ?? []);
    const known = executorOn(agent, framework.id, info.executor_id.value);
    if (known === undefined) return { kind: "valid", isNew: true, resources };
    if (!isSame(info, known.info) || !resources.equals(known.resources))
      return invalid(`executor_id: ${info.executor_id.value} runs on this agent with another ExecutorInfo`);
    return { kind: "valid", isNew: false, resources: Resources.empty };
  } catch (error) {
    if (error instanceof ResourcesInvalid) return invalid(`resources: ${error.message}`);
    throw error;
  }
}

function executorProblem(info: ExecutorInfo, framework: FrameworkRecord): string | undefined {
  const { executor_id, framework_id, command, shutdown_grace_period: grace } = info;
  const id = executor_id.value;
  if (id === "" || id === "." || id === "..") return `executor_id: "${id}" can't be the id of an executor`;
  if (id.length > idLengthMax) return `executor_id has ${id.length} characters; ${idLengthMax} are allowed`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly what is refused
  if (/[\u0000-\u001f\u007f/\\]/.test(id))
    return `executor_id "${id}" holds a slash, a backslash or a control character`;
  if (framework_id !== undefined && framework_id.value !== framework.id)
    return `framework_id is ${framework_id.value}, and the framework is ${framework.id}`;
  if (info.type === "DEFAULT") return "type: DEFAULT is for LAUNCH_GROUP; LAUNCH takes CUSTOM";
  if (command === undefined) return "command: an executor of type CUSTOM has one";
  if ((grace?.nanoseconds ?? 0) < 0) return "shutdown_grace_period is negative";
  return undefined;
}

/** Both as JSON, whatever the order of fields; what the master filled in does not count. */
function isSame(one: ExecutorInfo, other: ExecutorInfo): boolean {
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
