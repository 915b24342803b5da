/** What somebody may see of the master's state: what they may not is left out, and not told of. */
import type { MasterEvent, MasterResponseGetAgentsAgent, Resource } from "#contracts/kernel/messages.gen.ts";
import type { Authorizer } from "#domain/authorization/index.ts";
import { Resources, roleOf } from "#domain/resources/index.ts";
import { nameOf, type Principal } from "#foundation/http/index.ts";
import {
  BoundedHistory,
  type FrameworkRecord,
  type MasterChange,
  type MasterState,
  type TaskRecord,
} from "../core/index.ts";

export interface Viewer {
  readonly seesAll: boolean;
  seesFramework(framework: FrameworkRecord): boolean;
  seesTask(framework: FrameworkRecord | undefined, task: TaskRecord): boolean;
  seesExecutors(framework: FrameworkRecord): boolean;
  seesRole(role: string): boolean;
}

const seesEverything: Viewer = {
  seesAll: true,
  seesFramework: () => true,
  seesTask: () => true,
  seesExecutors: () => true,
  seesRole: () => true,
};

export function viewerOf(authorizer: Authorizer, principal: Principal): Viewer {
  if (authorizer.isPermissive || principal.kind === "internal") return seesEverything;
  const name = nameOf(principal);
  return {
    seesAll: false,
    seesFramework: ({ info }) => authorizer.may(name, "view_frameworks", info.user),
    seesTask: (framework, task) =>
      framework !== undefined &&
      authorizer.may(name, "view_frameworks", framework.info.user) &&
      authorizer.may(name, "view_tasks", task.user ?? framework.info.user),
    seesExecutors: ({ info }) => authorizer.may(name, "view_executors", info.user),
    seesRole: (role) => role === "*" || authorizer.may(name, "view_roles", role),
  };
}

/** The state with nothing in it that the viewer may not see. */
export function visibleState(state: MasterState, viewer: Viewer): MasterState {
  if (viewer.seesAll) return state;
  const frameworks = new Map<string, FrameworkRecord>();
  for (const [id, framework] of state.frameworks)
    if (viewer.seesFramework(framework)) frameworks.set(id, visibleFramework(framework, viewer));
  const completedFrameworks = historyOf(
    [...state.completedFrameworks.values()].filter((each) => viewer.seesFramework(each)),
    ({ id }) => id,
    (framework) => visibleFramework(framework, viewer),
  );
  const weights = new Map([...state.weights].filter(([role]) => viewer.seesRole(role)));
  const agents = new Map(
    [...state.agents].map(([id, agent]) => [id, { ...agent, total: visibleTotal(agent.total, viewer) }]),
  );
  const quotas = new Map([...state.quotas].filter(([role]) => viewer.seesRole(role)));
  const offers = new Map(
    [...state.offers].filter(
      ([, { frameworkId, role }]) => frameworks.has(frameworkId) && viewer.seesRole(role),
    ),
  );
  return Object.create(state, {
    quotas: { value: quotas },
    offers: { value: offers },
    agents: { value: agents },
    frameworks: { value: frameworks },
    completedFrameworks: { value: completedFrameworks },
    weights: { value: weights },
  }) as MasterState;
}

const visibleTotal = (total: Resources, viewer: Viewer): Resources =>
  Resources.of(
    total.entries.filter((entry) => entry.reservations.length === 0 || viewer.seesRole(roleOf(entry))),
  );

/** Whether a change is of something that the viewer may see. */
export function seesChange(viewer: Viewer, state: MasterState, change: MasterChange): boolean {
  const { frameworks, completedFrameworks } = state;
  switch (change.kind) {
    case "taskAdded":
    case "taskUpdated":
    case "taskRemoved": {
      const { frameworkId } = change.task;
      return viewer.seesTask(
        frameworks.get(frameworkId) ?? completedFrameworks.get(frameworkId),
        change.task,
      );
    }
    case "frameworkAdded":
    case "frameworkUpdated":
    case "frameworkRemoved": {
      const framework = frameworks.get(change.frameworkId) ?? completedFrameworks.get(change.frameworkId);
      return framework !== undefined && viewer.seesFramework(framework);
    }
    default:
      return true;
  }
}

/** An agent without what is reserved for roles that the viewer may not see. */
export function visibleAgent(
  agent: MasterResponseGetAgentsAgent,
  viewer: Viewer,
): MasterResponseGetAgentsAgent {
  if (viewer.seesAll) return agent;
  const visible = (resources: readonly Resource[] = []): readonly Resource[] =>
    resources.filter(({ reservations, role }) => viewer.seesRole(reservations?.at(-1)?.role ?? role ?? "*"));
  return {
    ...agent,
    agent_info: { ...agent.agent_info, resources: visible(agent.agent_info.resources) },
    total_resources: visible(agent.total_resources),
    allocated_resources: visible(agent.allocated_resources),
    offered_resources: visible(agent.offered_resources),
  };
}

export const visibleAgentAdded = (event: MasterEvent, viewer: Viewer): MasterEvent =>
  event.agent_added === undefined
    ? event
    : { ...event, agent_added: { agent: visibleAgent(event.agent_added.agent, viewer) } };

function visibleFramework(framework: FrameworkRecord, viewer: Viewer): FrameworkRecord {
  const sees = (task: TaskRecord): boolean => viewer.seesTask(framework, task);
  const key = ({ taskId }: TaskRecord): string => taskId;
  const same = (task: TaskRecord): TaskRecord => task;
  return {
    ...framework,
    roles: framework.roles.filter((role) => viewer.seesRole(role)),
    executors: viewer.seesExecutors(framework) ? framework.executors : new Set(),
    tasks: new Map([...framework.tasks].filter(([, task]) => sees(task))),
    unreachableTasks: historyOf([...framework.unreachableTasks.values()].filter(sees), key, same),
    completedTasks: historyOf([...framework.completedTasks.values()].filter(sees), key, same),
  };
}

function historyOf<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
  shown: (item: Item) => Item,
): BoundedHistory<Item> {
  const history = new BoundedHistory<Item>(items.length);
  for (const item of items) history.add(key(item), shown(item));
  return history;
}
