/** The agent's `/state` and what is made of the same facts. Source: contract mesos.md section 3.6 (agent). */

import { drainConfig } from "#contracts/kernel/drain-config.ts";
import { versionInfo } from "#contracts/kernel/mesos-version.ts";
import type { Attribute, FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import { limitsSummary, parseResources, type Resources, roleOf } from "#domain/resources/index.ts";
import { agentCapabilities } from "../core/description.ts";
import { pidOf } from "../core/policy.ts";
import { type TaskRun, taskIdOf, toLinkTask } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";
import { liveExecutors, pastExecutors, resourcesWithTasks, type ShownExecutor } from "./shown-executors.ts";

export interface StateExtras {
  readonly startedAtMs: number;
  readonly flags: Readonly<Record<string, string>>;
  readonly masterHostname: () => string;
  readonly logDir: string | undefined;
}

export function stateDocument(view: AgentView, extras: StateExtras): object {
  const { facts, total, used, frameworks, past } = view;
  const completed = [...past].filter(([id]) => !frameworks.has(id));
  return {
    ...versionInfo,
    start_time: extras.startedAtMs / 1000,
    id: view.agentId ?? "",
    pid: pidOf(facts),
    hostname: facts.hostname,
    capabilities: agentCapabilities.map(({ type }) => type),
    ...(facts.domain === undefined ? {} : { domain: facts.domain }),
    ...(view.drain === undefined
      ? {}
      : {
          drain_config: drainConfig(view.drain),
          estimated_drain_start_time_seconds: view.drain.since / 1000,
        }),
    resources: total.toSummary(),
    reserved_resources: byRole(total),
    unreserved_resources: total.unreserved().toSummary(),
    reserved_resources_full: fullByRole(total),
    unreserved_resources_full: total.unreserved().toWire({ format: "endpoint" }),
    reserved_resources_allocated: byRole(used),
    unreserved_resources_allocated: used.unreserved().toSummary(),
    resource_providers: [],
    attributes: attributesDocument(facts.attributes),
    ...(view.isRegistered ? { master_hostname: extras.masterHostname() } : {}),
    ...(extras.logDir === undefined ? {} : { log_dir: extras.logDir }),
    flags: extras.flags,
    frameworks: [...frameworks].map(([id, { info }]) => frameworkDocument(view, id, info)),
    completed_frameworks: completed.map(([id, { info }]) => frameworkDocument(view, id, info)),
  };
}

function frameworkDocument(view: AgentView, id: string, info: FrameworkInfo): object {
  const { roles } = info;
  const isMultiRole = info.capabilities?.some(({ type }) => type === "MULTI_ROLE") ?? false;
  return {
    id,
    name: info.name,
    user: info.user,
    failover_timeout: info.failover_timeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    hostname: info.hostname ?? "",
    ...(info.principal === undefined ? {} : { principal: info.principal }),
    ...(isMultiRole ? { roles: roles ?? [] } : { role: info.role ?? "*" }),
    executors: liveExecutors(view, id).map(executorDocument),
    completed_executors: pastExecutors(view, id).map(executorDocument),
  };
}

function executorDocument(executor: ShownExecutor): object {
  const { runs } = executor;
  const inPhase = (...phases: readonly string[]): readonly object[] =>
    runs.filter(({ progress }) => phases.includes(progress.phase)).map(taskDocument);
  return {
    id: executor.executorId,
    name: executor.name,
    source: executor.source,
    container: executor.containerId,
    directory: executor.directory,
    resources: resourcesWithTasks(executor).toSummary(),
    role: executor.role,
    type: executor.type,
    tasks: inPhase("running"),
    queued_tasks: inPhase("launching"),
    completed_tasks: [...inPhase("ended"), ...executor.past.map(taskDocument)],
  };
}

function taskDocument(run: TaskRun): object {
  const { spec } = run;
  const link = toLinkTask(run);
  const { discovery, container, health_check, labels, limits, user } = link;
  return {
    id: taskIdOf(run),
    name: link.name,
    framework_id: spec.frameworkId,
    executor_id: spec.executor?.executorId ?? "",
    slave_id: spec.agentId,
    state: link.state,
    resources: parseResources(spec.resources).toSummary(),
    role: spec.role,
    statuses: run.statuses.map(({ state, timestamp, container_status, healthy, labels: marks }) => ({
      state,
      timestamp: timestamp ?? 0,
      ...(marks === undefined ? {} : { labels: marks.labels ?? [] }),
      ...(container_status === undefined ? {} : { container_status }),
      ...(healthy === undefined ? {} : { healthy }),
    })),
    ...(labels === undefined ? {} : { labels: labels.labels ?? [] }),
    ...(discovery === undefined ? {} : { discovery }),
    ...(container === undefined ? {} : { container }),
    ...(health_check === undefined ? {} : { health_check }),
    ...(limits === undefined ? {} : { limits: limitsSummary(limits) }),
    ...(user === undefined ? {} : { user }),
  };
}

function rolesOf(resources: Resources): readonly string[] {
  return [...new Set(resources.entries.map(roleOf))].filter((role) => role !== "*");
}

function byRole(resources: Resources): object {
  const roles = rolesOf(resources);
  return Object.fromEntries(roles.map((role) => [role, ofRole(resources, role).toSummary()]));
}

function fullByRole(resources: Resources): object {
  const roles = rolesOf(resources);
  return Object.fromEntries(
    roles.map((role) => [role, ofRole(resources, role).toWire({ format: "endpoint" })]),
  );
}

const ofRole = (resources: Resources, role: string): Resources =>
  resources.filter((entry) => roleOf(entry) === role);

function attributesDocument(attributes: readonly Attribute[]): object {
  return Object.fromEntries(
    attributes.map(({ name, text, scalar, ranges, set }): [string, string | number] => [
      name,
      text?.value ??
        scalar?.value ??
        (ranges === undefined
          ? `{${(set?.item ?? []).join(", ")}}`
          : `[${(ranges.range ?? []).map(({ begin, end }) => `${begin}-${end}`).join(", ")}]`),
    ]),
  );
}
