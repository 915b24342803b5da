/**
 * `/state` and its kin in parts: tasks come from cached text in pages, and the loop is free between pages, so that
 * a reader of a hundred thousand tasks holds nobody up.
 */
import type { JsonObject } from "#foundation/base/json.ts";
import { type FrameworkRecord, isActive, type MasterState, type TaskRecord } from "../core/index.ts";
import { agentFullJson, agentJson, allTasks, frameworkJson, taskCounters, taskJson } from "./v0-records.ts";

const tasksPerPage = 100;
/** Text of tasks kept for the next reader; when there is more, the cache starts over. */
const cacheCharactersMax = 128 * 1_048_576;

/** The text of each task, made on first read and dropped when the task changes. */
export class TaskTexts {
  readonly #texts = new Map<TaskRecord, string>();
  #characters = 0;

  text(task: TaskRecord): string {
    const kept = this.#texts.get(task);
    if (kept !== undefined) return kept;
    const made = JSON.stringify(taskJson(task));
    if (this.#characters + made.length > cacheCharactersMax) {
      this.#texts.clear();
      this.#characters = 0;
    }
    this.#texts.set(task, made);
    this.#characters += made.length;
    return made;
  }

  drop(task: TaskRecord): void {
    const kept = this.#texts.get(task);
    if (kept === undefined) return;
    this.#texts.delete(task);
    this.#characters -= kept.length;
  }
}

export type MasterFacts = (state: MasterState) => JsonObject;

/** The whole v0 `/state`. */
export async function* stateParts(
  state: MasterState,
  texts: TaskTexts,
  facts: JsonObject,
): AsyncGenerator<Buffer> {
  const agents = [...state.agents.values()];
  const head = {
    ...facts,
    activated_slaves: agents.filter(isActive).length,
    deactivated_slaves: agents.filter((agent) => !isActive(agent)).length,
    unreachable_slaves: state.unreachable.size,
  };
  yield Buffer.from(`${JSON.stringify(head).slice(0, -1)},"slaves":[`);
  yield* joined(agents, (agent) => JSON.stringify(agentJson(agent)));
  const recovered = [...state.recovered.values()].map(({ agentId, hostname }) => ({ id: agentId, hostname }));
  yield Buffer.from(`],"recovered_slaves":${JSON.stringify(recovered)},"frameworks":[`);
  yield* frameworkParts([...state.frameworks.values()], texts);
  yield Buffer.from('],"completed_frameworks":[');
  yield* frameworkParts([...state.completedFrameworks.values()], texts);
  yield Buffer.from('],"orphan_tasks":[],"unregistered_frameworks":[]}');
}

/** Frameworks with all their tasks, separated by commas. */
export async function* frameworkParts(
  frameworks: readonly FrameworkRecord[],
  texts: TaskTexts,
): AsyncGenerator<Buffer> {
  for (const [index, framework] of frameworks.entries()) {
    yield Buffer.from(
      `${index === 0 ? "" : ","}${JSON.stringify(frameworkJson(framework)).slice(0, -1)},"tasks":[`,
    );
    yield* taskParts([...framework.tasks.values()], texts);
    yield Buffer.from('],"unreachable_tasks":[');
    yield* taskParts([...framework.unreachableTasks.values()], texts);
    yield Buffer.from('],"completed_tasks":[');
    yield* taskParts([...framework.completedTasks.values()], texts);
    yield Buffer.from("]}");
  }
}

export function taskParts(tasks: readonly TaskRecord[], texts: TaskTexts): AsyncGenerator<Buffer> {
  return joined(tasks, (task) => texts.text(task));
}

async function* joined<Item>(items: readonly Item[], write: (item: Item) => string): AsyncGenerator<Buffer> {
  for (let start = 0; start < items.length; start += tasksPerPage) {
    const page = items
      .slice(start, start + tasksPerPage)
      .map(write)
      .join(",");
    yield Buffer.from(start === 0 ? page : `,${page}`);
    if (items.length > tasksPerPage) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** `/state-summary`: no tasks, only their counts. */
export function summaryJson(
  state: MasterState,
  facts: { readonly hostname: string; readonly cluster?: string },
): JsonObject {
  const frameworks = [...state.frameworks.values()];
  return {
    ...facts,
    slaves: [...state.agents.values()].map((agent) => {
      const tasks = frameworks.flatMap((framework) =>
        allTasks(framework).filter(({ agentId }) => agentId === agent.id),
      );
      return {
        ...agentJson(agent),
        ...taskCounters(tasks),
        framework_ids: [...new Set(tasks.map(({ frameworkId }) => frameworkId))],
      };
    }),
    frameworks: frameworks.map((framework) => {
      const tasks = allTasks(framework);
      return {
        ...frameworkJson(framework),
        ...taskCounters(tasks),
        slave_ids: [...new Set(tasks.map(({ agentId }) => agentId))],
      };
    }),
  };
}

export function agentsJson(state: MasterState, wanted: string | null): JsonObject {
  const agents = [...state.agents.values()].filter(({ id }) => wanted === null || id === wanted);
  return {
    slaves: agents.map(agentFullJson),
    recovered_slaves: [...state.recovered.values()].map(({ agentId, hostname }) => ({
      id: agentId,
      hostname,
    })),
  };
}
