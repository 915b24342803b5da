/** What somebody may see of the master's state: what they may not is left out, and not told of. */
import type { MasterEvent, MasterResponseGetAgentsAgent, Resource } from "#contracts/kernel/messages.gen.ts";
import type { AuthorizationAction, Authorizer } from "#domain/authorization/index.ts";
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
  /** Who has the same sees the same. */
  readonly key: string;
  readonly seesAll: boolean;
  seesFramework(framework: FrameworkRecord): boolean;
  seesTask(framework: FrameworkRecord | undefined, task: TaskRecord): boolean;
  seesExecutors(framework: FrameworkRecord): boolean;
  seesRole(role: string): boolean;
}

const seesEverything: Viewer = {
  key: "all",
  seesAll: true,
  seesFramework: () => true,
  seesTask: () => true,
  seesExecutors: () => true,
  seesRole: () => true,
};

export function viewerOf(authorizer: Authorizer, principal: Principal): Viewer {
  if (authorizer.isPermissive || principal.kind === "internal") return seesEverything;
  const name = nameOf(principal);
  const sees = (action: AuthorizationAction): ((object: string) => boolean) =>
    remembered((object) => authorizer.may(name, action, object));
  const seesFrameworksOf = sees("view_frameworks");
  const seesTasksOf = sees("view_tasks");
  const seesExecutorsOf = sees("view_executors");
  const seesRole = sees("view_roles");
  return {
    key: name === undefined ? "nobody" : `principal ${name}`,
    seesAll: false,
    seesFramework: ({ info }) => seesFrameworksOf(info.user),
    seesTask: (framework, task) =>
      framework !== undefined &&
      seesFrameworksOf(framework.info.user) &&
      seesTasksOf(task.user ?? framework.info.user),
    seesExecutors: ({ info }) => seesExecutorsOf(info.user),
    seesRole: (role) => role === "*" || seesRole(role),
  };
}

/** Users and roles are few, and what is asked about them has as many answers as there are tasks. */
function remembered(ask: (object: string) => boolean): (object: string) => boolean {
  const answers = new Map<string, boolean>();
  return (object) => {
    const known = answers.get(object);
    if (known !== undefined) return known;
    const answer = ask(object);
    answers.set(object, answer);
    return answer;
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

export const visibleTotal = (total: Resources, viewer: Viewer): Resources =>
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
  const isSeen = ({ reservations, role }: Resource): boolean =>
    viewer.seesRole(reservations?.at(-1)?.role ?? role ?? "*");
  /** In the order in which they stand. */
  const visible = <Holder extends object>(holder: Holder, ...names: (keyof Holder)[]): Holder => {
    const seen = { ...holder };
    for (const name of names) {
      const resources = ((holder[name] ?? []) as readonly Resource[]).filter(isSeen);
      if (resources.length === 0) delete seen[name];
      else seen[name] = resources as Holder[typeof name];
    }
    return seen;
  };
  return {
    ...visible(agent, "total_resources", "allocated_resources", "offered_resources"),
    agent_info: visible(agent.agent_info, "resources"),
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
