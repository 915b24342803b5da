/**
 * `/state` and its kin in pieces, so that whoever sends them may do something else between two of them. Long lists come
 * from pages that are kept; what a viewer may not see is left out.
 */
import type { JsonObject } from "#foundation/base/json.ts";
import {
  type AgentRecord,
  type FrameworkRecord,
  isActive,
  type MasterState,
  type TaskRecord,
} from "../core/index.ts";
import { arrayOf, nothing, type Page, type Shown } from "./pages.ts";
import type { StatePages } from "./state-pages.ts";
import { agentFullJson, agentJson, frameworkHeadJson, frameworkJson, taskCounters } from "./v0-records.ts";
import { type Viewer, visibleTotal } from "./viewer.ts";

/** What is read, through whose eyes, and where its long lists are kept. */
export interface StateView {
  readonly state: MasterState;
  readonly viewer: Viewer;
  readonly pages: StatePages;
  /** What may be held until the length of a protobuf message is known. */
  readonly heldBytesMax: number;
}

/** The text of a body, or a part of one, in the order of its pieces. */
export type Pieces = Generator<Buffer>;

/** The whole v0 `/state`. */
export function* statePieces(view: StateView, facts: JsonObject): Pieces {
  const { state, pages } = view;
  const agents = [...state.agents.values()];
  const active = agents.filter(isActive).length;
  const head = {
    ...facts,
    activated_slaves: active,
    deactivated_slaves: agents.length - active,
    unreachable_slaves: state.unreachable.size,
  };
  yield Buffer.from(`${JSON.stringify(head).slice(0, -1)},"slaves":[`);
  yield* arrayOf(pages.agents.of(state.agents, agents), shownAgent(view, agentJson));
  yield Buffer.from(`],"recovered_slaves":${JSON.stringify(recoveredJson(state))},`);
  yield* bothFrameworks(view);
  yield Buffer.from(',"orphan_tasks":[],"unregistered_frameworks":[]}');
}

/** The v0 `/frameworks`, of one framework or of all. */
export function* frameworksPieces(view: StateView, wanted: string | null): Pieces {
  yield Buffer.from("{");
  yield* bothFrameworks(view, ({ id }) => wanted === null || id === wanted);
  yield Buffer.from(',"unregistered_frameworks":[]}');
}

function* bothFrameworks(
  view: StateView,
  isWanted: (framework: FrameworkRecord) => boolean = () => true,
): Pieces {
  const seen = (all: Iterable<FrameworkRecord>): readonly FrameworkRecord[] =>
    [...all].filter((each) => isWanted(each) && view.viewer.seesFramework(each));
  yield Buffer.from('"frameworks":[');
  yield* frameworkPieces(view, seen(view.state.frameworks.values()));
  yield Buffer.from('],"completed_frameworks":[');
  yield* frameworkPieces(view, seen(view.state.completedFrameworks.values()));
  yield Buffer.from("]");
}

function* frameworkPieces(view: StateView, frameworks: readonly FrameworkRecord[]): Pieces {
  const { viewer, pages } = view;
  for (const [index, framework] of frameworks.entries()) {
    const shown = shownTask(viewer, framework);
    const head = JSON.stringify(frameworkHeadJson(withoutHidden(viewer, framework)));
    yield Buffer.from(`${index === 0 ? "" : ","}${head.slice(0, -1)},"offers":[`);
    yield* arrayOf(pages.offers.of(framework.offers, framework.offers.values()));
    for (const [name, list] of [
      ["tasks", framework.tasks],
      ["unreachable_tasks", framework.unreachableTasks],
      ["completed_tasks", framework.completedTasks],
    ] as const) {
      yield Buffer.from(`],"${name}":[`);
      yield* arrayOf(pages.tasks.of(list, list.values()), shown);
    }
    yield Buffer.from("]}");
  }
}

const shownTask = (
  viewer: Viewer,
  framework: FrameworkRecord,
): ((task: TaskRecord) => boolean) | undefined =>
  viewer.seesAll ? undefined : (task) => viewer.seesTask(framework, task);

/** Without the roles, executors and tasks that are not the viewer's to see. */
function withoutHidden(viewer: Viewer, framework: FrameworkRecord): FrameworkRecord {
  if (viewer.seesAll) return framework;
  return {
    ...framework,
    roles: framework.roles.filter((role) => viewer.seesRole(role)),
    executors: viewer.seesExecutors(framework) ? framework.executors : new Set(),
    tasks: new Map([...framework.tasks].filter(([, task]) => viewer.seesTask(framework, task))),
  };
}

/** An agent as it is kept, unless something on it is reserved for a role that the viewer may not see. */
function shownAgent(
  { viewer }: StateView,
  write: (agent: AgentRecord) => JsonObject,
): ((agent: AgentRecord) => Shown) | undefined {
  if (viewer.seesAll) return undefined;
  return (agent) => {
    const total = visibleTotal(agent.total, viewer);
    return total.entries.length === agent.total.entries.length || JSON.stringify(write({ ...agent, total }));
  };
}

const recoveredJson = ({ recovered }: MasterState): readonly JsonObject[] =>
  [...recovered.values()].map(({ agentId, hostname }) => ({ id: agentId, hostname }));

/** `/slaves`, of one agent or of all. */
export function* agentsPieces(view: StateView, wanted: string | null): Pieces {
  const { state, pages } = view;
  yield Buffer.from('{"slaves":[');
  const shown = shownAgent(view, agentFullJson);
  if (wanted === null) {
    yield* arrayOf(pages.fullAgents.of(state.agents, state.agents.values()), shown);
  } else {
    const agent = state.agents.get(wanted);
    const how = agent === undefined ? false : (shown?.(agent) ?? true);
    if (agent !== undefined)
      yield Buffer.from(typeof how === "string" ? how : JSON.stringify(agentFullJson(agent)));
  }
  yield Buffer.from(`],"recovered_slaves":${JSON.stringify(recoveredJson(state))}}`);
}

/** How many tasks there are of each state, and what else is where they are. */
class Tally {
  readonly states = new Map<string, number>();
  /** Frameworks on an agent, or agents of a framework, in the order in which they were met. */
  readonly others = new Set<string>();

  add(task: TaskRecord, other: string): void {
    this.states.set(task.state, (this.states.get(task.state) ?? 0) + 1);
    this.others.add(other);
  }
}

/** `/state-summary`: no tasks, only their counts. */
export function* summaryPieces(
  view: StateView,
  facts: { readonly hostname: string; readonly cluster?: string },
): Pieces {
  const { state, viewer, pages } = view;
  const frameworks = [...state.frameworks.values()].filter((each) => viewer.seesFramework(each));
  const byAgent = new Map([...state.agents.keys()].map((id) => [id, new Tally()]));
  const byFramework = new Map<FrameworkRecord, Tally>();
  for (const framework of frameworks) {
    const tally = new Tally();
    byFramework.set(framework, tally);
    for (const list of [framework.tasks, framework.unreachableTasks, framework.completedTasks]) {
      for (const task of list.values()) {
        if (!viewer.seesTask(framework, task)) continue;
        tally.add(task, task.agentId);
        byAgent.get(task.agentId)?.add(task, framework.id);
      }
      yield nothing;
    }
  }
  yield Buffer.from(`${JSON.stringify(facts).slice(0, -1)},"slaves":[`);
  const shown = shownAgent(view, agentJson);
  const agents = pages.agents.of(state.agents, state.agents.values());
  yield* separated(agents, (page) =>
    page.items
      .map((agent, index) => {
        const how = shown?.(agent) ?? true;
        const text = typeof how === "string" ? how : textOf(page, index);
        const { states = noCounts, others = [] } = byAgent.get(agent.id) ?? {};
        return withMore(text, { ...taskCounters(states), framework_ids: [...others] });
      })
      .join(","),
  );
  yield Buffer.from('],"frameworks":[');
  yield* separated(frameworks, (framework) => {
    const { states = noCounts, others = [] } = byFramework.get(framework) ?? {};
    const text = JSON.stringify(frameworkJson(withoutHidden(viewer, framework)));
    return withMore(text, { ...taskCounters(states), slave_ids: [...others] });
  });
  yield Buffer.from("]}");
}

const noCounts: ReadonlyMap<string, number> = new Map();

function* separated<Item>(items: Iterable<Item>, write: (item: Item) => string): Pieces {
  let isFirst = true;
  for (const item of items) {
    yield Buffer.from(`${isFirst ? "" : ","}${write(item)}`);
    isFirst = false;
  }
}

const textOf = ({ bytes, starts }: Page<AgentRecord>, index: number): string =>
  bytes.toString("utf8", (starts[index] ?? 0) + 1, starts[index + 1]);

/** An object with more fields at its end. */
const withMore = (text: string, more: JsonObject): string =>
  `${text.slice(0, -1)},${JSON.stringify(more).slice(1)}`;
