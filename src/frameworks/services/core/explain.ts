/** Answers "why", of whatever a name means: a service, an instance, a task or a deployment. */
import type { ServiceStatus } from "#contracts/services/own-endpoints.ts";
import { askedAgentsMax } from "#frameworks/base/core/image-pulls.ts";
import { inOrder, type ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import { isStaged } from "./conditions.ts";
import { parseTaskId } from "./ids.ts";
import { type Instance, isScheduled, taskIdsOf } from "./instance.ts";
import { specOf } from "./probes.ts";
import { type ExplainOptions, isAsWished, reasonsOfService } from "./reasons.ts";

import { unfinishedServices, waitOfDeployment } from "./reasons-deployment.ts";
import { reasonOfEnd, reasonOfInstance } from "./reasons-instance.ts";
import { statusOf } from "./service-status.ts";
import type { ServicesState } from "./state.ts";

export interface Explanation {
  readonly kind: "service" | "instance" | "deployment";
  readonly id: string;
  readonly isAsWished: boolean;
  readonly status?: ServiceStatus;
  readonly wanted?: number;
  readonly running?: number;
  readonly reasons: readonly ReasonFacts[];
}

/** Undefined when nothing has that name. A service wins over anything else of the same name. */
export function explain(
  state: ServicesState,
  name: string,
  options: ExplainOptions,
): Explanation | undefined {
  return (
    explainService(state, name, options) ??
    explainInstance(state, name, options) ??
    explainDeployment(state, name, options)
  );
}

/** Agents on which something of that name is on its way up from an image: they may be bringing it. */
export function agentsPulling(state: ServicesState, name: string): readonly string[] {
  const found = new Set<string>();
  for (const instance of instancesNamed(state, name)) {
    if (found.size >= askedAgentsMax) break;
    const { condition, agent } = instance;
    if (agent === undefined || !isStaged(condition)) continue;
    if (specOf(state, instance)?.facts.image !== undefined) found.add(agent.agentId);
  }
  return [...found];
}

function* instancesNamed(state: ServicesState, name: string): Generator<Instance> {
  const deployment = state.deployments.get(name);
  const apps =
    deployment === undefined ? [pathOf(name)] : unfinishedServices(deployment).slice(0, explainedMax);
  for (const id of apps) yield* state.instances.population(id)?.members.values() ?? [];
  const parsed = parseTaskId(name);
  const instance = parsed === undefined ? undefined : state.instances.get(parsed.instanceId);
  if (instance !== undefined) yield instance;
}

const pathOf = (name: string): string => `/${name.replace(/^\/+|(?<!\/)\/+$/g, "")}`;

function explainService(
  state: ServicesState,
  name: string,
  options: ExplainOptions,
): Explanation | undefined {
  const app = state.apps.get(pathOf(name));
  if (app === undefined) return undefined;
  const reasons = reasonsOfService(state, app, options);
  return {
    kind: "service",
    id: app.id,
    isAsWished: isAsWished(reasons),
    status: statusOf(state, app, options.now),
    wanted: app.definition.instances,
    running: state.instances.population(app.id)?.counts.running ?? 0,
    reasons,
  };
}

function explainInstance(
  state: ServicesState,
  name: string,
  options: ExplainOptions,
): Explanation | undefined {
  const parsed = parseTaskId(name);
  if (parsed === undefined) return undefined;
  const instance = state.instances.get(parsed.instanceId);
  const isPresent =
    instance !== undefined && (parsed.incarnation === 0 || taskIdsOf(instance).includes(name));
  if (!isPresent || (parsed.incarnation > 0 && isScheduled(instance))) {
    const ended =
      parsed.incarnation === 0
        ? state.endedInstances.lastOf(parsed.instanceId)
        : state.endedInstances.byTask(name);
    if (ended === undefined) return undefined;
    return { kind: "instance", id: name, isAsWished: !ended.isFailure, reasons: [reasonOfEnd(ended)] };
  }
  const own = reasonOfInstance(instance, options.now, specOf(state, instance)?.facts, options.pulls);
  const app = state.apps.get(instance.appId);
  const waits = isScheduled(instance) && app !== undefined ? reasonsOfService(state, app, options) : [];
  const reasons = inOrder([...(own === undefined ? [] : [own]), ...waits]);
  const whole: readonly ReasonFacts[] =
    reasons.length > 0 ? reasons : [{ code: "asWished", parameters: {}, commands: [], nodes: [] }];
  return { kind: "instance", id: instance.id, isAsWished: isAsWished(whole), reasons: whole };
}

function explainDeployment(
  state: ServicesState,
  id: string,
  options: ExplainOptions,
): Explanation | undefined {
  const deployment = state.deployments.get(id);
  if (deployment !== undefined) {
    const apps = unfinishedServices(deployment).flatMap((appId) => state.apps.get(appId) ?? []);
    const reasons = inOrder([
      ...apps.slice(0, explainedMax).flatMap((app) => reasonsOfService(state, app, options)),
      ...(apps.length === 0 ? [waitOfDeployment(state, deployment)] : []),
    ]);
    return { kind: "deployment", id, isAsWished: false, reasons };
  }
  const ended = state.endedDeployments.get(id);
  if (ended === undefined) return undefined;
  const reason: ReasonFacts = {
    code: ended.state === "succeeded" ? "asWished" : "deploymentCancelled",
    parameters: { deployment: id, detail: ended.cause ?? "", user: ended.origin?.user ?? "" },
    commands: [],
    since: ended.endedAt,
    nodes: [],
  };
  return { kind: "deployment", id, isAsWished: ended.state === "succeeded", reasons: [reason] };
}

/** Services of a deployment whose reasons are told. */
const explainedMax = 20;
