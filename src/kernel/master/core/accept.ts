/** ACCEPT and DECLINE. Source: contract mesos.md section 1.5. */
import type {
  Filters,
  OfferOperation,
  OfferOperationLaunch,
  SchedulerCallAccept,
  SchedulerCallDecline,
  TaskInfo,
  TaskStatusReason,
} from "#contracts/kernel/messages.gen.ts";
import { Resources } from "#domain/resources/index.ts";
import { type Acceptance, holdExecutor, refuseTask } from "./acceptance.ts";
import { type ExecutorVerdict, judgeExecutor } from "./executor-validation.ts";
import { launchGroup } from "./launch-group.ts";
import { forgetOffer, returnOffer } from "./offers.ts";
import { performAccepted, type Remaining } from "./operations/perform.ts";
import { tellOperation } from "./operations/statuses.ts";
import type { FrameworkRecord, OfferRecord } from "./records.ts";
import { lostOr, type MasterState, masterStatus, type Turn, tellStatus } from "./state.ts";
import { judgeTask } from "./task-validation.ts";
import { addTask, launchedTask } from "./tasks.ts";
import { tellKnown } from "./updates.ts";

const refuseSecondsDefault = 5;

/** How long an unused offer stays away; negative and not-a-number mean the default. */
export function refuseSecondsOf(filters: Filters | undefined): number {
  const seconds = filters?.refuse_seconds ?? refuseSecondsDefault;
  return seconds >= 0 ? seconds : refuseSecondsDefault;
}

export function declineOffers(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  decline: SchedulerCallDecline,
): void {
  const refuseSeconds = refuseSecondsOf(decline.filters);
  for (const { value } of decline.offer_ids ?? []) {
    const offer = framework.offers.get(value);
    if (offer !== undefined) returnOffer(state, turn, offer, { refuseSeconds });
  }
}

export function acceptOffers(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  accept: SchedulerCallAccept,
): void {
  const operations = accept.operations ?? [];
  const ids = (accept.offer_ids ?? []).map(({ value }) => value);
  const offers = ids.flatMap((id) => framework.offers.get(id) ?? []);
  const problem = offersProblem(ids, offers);
  const first = offers[0];
  if (problem !== undefined || first === undefined) {
    for (const offer of new Set(offers)) returnOffer(state, turn, offer);
    dropOperations(state, turn, framework, operations, {
      reason: "REASON_INVALID_OFFERS",
      message: `Task launched with invalid offers: ${problem}`,
    });
    return;
  }
  const agent = state.agents.get(first.agentId);
  const refuseSeconds = refuseSecondsOf(accept.filters);
  if (agent?.connection === undefined) {
    for (const offer of offers) returnOffer(state, turn, offer);
    const reason = agent === undefined ? "REASON_AGENT_REMOVED" : "REASON_AGENT_DISCONNECTED";
    dropOperations(state, turn, framework, operations, {
      reason,
      message: "the agent of the offer is not connected",
    });
    return;
  }
  const holding = { frameworkId: framework.id, agentId: agent.id, role: first.role };
  const offered = Resources.sum(offers.map(({ resources }) => resources));
  for (const offer of offers) forgetOffer(state, offer);
  // A shared volume that several of the offers held: one copy serves all tasks.
  const spare = offered.spareCopies();
  state.allocator.recover({ ...holding, resources: spare }, turn.now);
  let remaining: Remaining = { usable: offered.minus(spare), setAside: Resources.empty };
  for (const operation of operations) {
    remaining = applyOperation(state, turn, { framework, agent, offer: first, remaining }, operation);
  }
  const resources = remaining.usable.plus(remaining.setAside);
  state.allocator.recover({ ...holding, resources }, turn.now, refuseSeconds);
}

function offersProblem(ids: readonly string[], offers: readonly OfferRecord[]): string | undefined {
  if (ids.length === 0) return "no offer is named";
  if (new Set(ids).size < ids.length) return "an offer is named twice";
  if (offers.length < ids.length) return "an offer is no longer valid";
  const [first] = offers;
  if (offers.some(({ agentId }) => agentId !== first?.agentId)) return "the offers are of several agents";
  if (offers.some(({ role }) => role !== first?.role)) return "the offers are for several roles";
  return undefined;
}

/** Answers what is left for the operations that follow. */
function applyOperation(
  state: MasterState,
  turn: Turn,
  acceptance: Acceptance,
  operation: OfferOperation,
): Remaining {
  if (operation.id !== undefined && refuseNamedLaunch(turn, acceptance, operation))
    return acceptance.remaining;
  if (operation.type === "LAUNCH") return launch(state, turn, acceptance, operation.launch ?? {});
  if (operation.type === "LAUNCH_GROUP") {
    const group = operation.launch_group;
    return group === undefined ? acceptance.remaining : launchGroup(state, turn, acceptance, group);
  }
  return performAccepted(state, turn, acceptance, operation);
}

/** An id asks to be told of the operation, which of a launch the tasks' own updates do. Answers whether it is one. */
function refuseNamedLaunch(turn: Turn, acceptance: Acceptance, operation: OfferOperation): boolean {
  const { type, launch: launched, launch_group: group } = operation;
  if (type !== "LAUNCH" && type !== "LAUNCH_GROUP") return false;
  const [tasks = [], reason] =
    type === "LAUNCH"
      ? ([launched?.task_infos, "REASON_TASK_INVALID"] as const)
      : ([group?.task_group.tasks, "REASON_TASK_GROUP_INVALID"] as const);
  for (const task of tasks)
    refuseTask(turn, acceptance, task, reason, `operation.id: a ${type} can't have one; leave it out`);
  return true;
}

function launch(
  state: MasterState,
  turn: Turn,
  acceptance: Acceptance,
  { task_infos: tasks = [] }: OfferOperationLaunch,
): Remaining {
  const { framework, agent, offer } = acceptance;
  const holding = { frameworkId: framework.id, agentId: agent.id, role: offer.role };
  let { usable } = acceptance.remaining;
  for (const info of tasks) {
    const executor = executorFor(info, acceptance, usable);
    if (executor?.kind === "invalid") {
      refuseTask(turn, acceptance, info, "REASON_TASK_INVALID", executor.problem);
      continue;
    }
    const verdict = judgeTask(info, {
      framework,
      offer,
      remaining: usable.minus(executor?.resources.notShared() ?? Resources.empty),
      rootSubmissions: state.policy.rootSubmissions,
      authorizer: state.authorizer,
    });
    if (verdict.kind === "invalid") {
      refuseTask(turn, acceptance, info, verdict.reason, verdict.problem);
      continue;
    }
    const taken = verdict.resources.plus(executor?.resources ?? Resources.empty);
    // A shared volume stays for the tasks that follow; this one holds a copy of its own.
    usable = usable.minus(taken.notShared());
    const shared = taken.shared();
    if (!shared.isEmpty) state.allocator.hold({ ...holding, resources: shared });
    const resources = verdict.resources.toWire({ allocationRole: offer.role });
    const held =
      executor === undefined || info.executor === undefined
        ? undefined
        : holdExecutor(acceptance, info.executor, executor);
    const task: TaskInfo = { ...info, resources, ...(held === undefined ? {} : { executor: held }) };
    const launched = { role: offer.role, resources: verdict.resources };
    addTask(turn, framework, agent, launchedTask(state, framework, task, launched));
    const startsExecutor = executor === undefined ? {} : { startsExecutor: executor.isNew };
    turn.tellAgent(agent, {
      kind: "runTask",
      framework: framework.info,
      task,
      role: offer.role,
      resources,
      ...startsExecutor,
    });
  }
  return { ...acceptance.remaining, usable };
}

/** Undefined for a command task; otherwise whether the executor it names may run it, and what that takes. */
function executorFor(
  { executor }: TaskInfo,
  { framework, agent, offer }: Acceptance,
  usable: Resources,
): ExecutorVerdict | undefined {
  if (executor === undefined) return undefined;
  const verdict = judgeExecutor(executor, { framework, agent, role: offer.role, launches: "task" });
  if (verdict.kind === "invalid" || usable.contains(verdict.resources)) return verdict;
  return {
    kind: "invalid",
    problem: `the executor wants ${verdict.resources}, of which the offers hold ${usable}`,
  };
}

/**
 * None of them can be: tasks are lost, and who gave another an id is told. A task that is known was launched by this very
 * call, heard a second time, or has its id in use: to call it dropped would be to call it over (ADR 0186).
 */
function dropOperations(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  operations: readonly OfferOperation[],
  cause: { readonly reason: TaskStatusReason; readonly message: string },
): void {
  for (const { type, id, launch: launched, launch_group: group } of operations) {
    if (type !== "LAUNCH" && type !== "LAUNCH_GROUP") {
      state.operations.end({ type: type ?? "UNKNOWN" }, "OPERATION_ERROR");
      tellOperation(turn, framework, id, { state: "OPERATION_ERROR", message: cause.message });
    }
    for (const { task_id, agent_id } of [
      ...(launched?.task_infos ?? []),
      ...(group?.task_group.tasks ?? []),
    ]) {
      if (tellKnown(turn, framework, task_id.value)) continue;
      tellStatus(
        turn,
        framework,
        masterStatus(turn, { task_id, agent_id, state: lostOr(framework, "TASK_DROPPED"), ...cause }),
      );
    }
  }
}
