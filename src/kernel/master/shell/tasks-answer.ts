/** The v0 `/tasks`: a window of all tasks, sorted by when they started. */
import { type Answer, parts, text } from "#foundation/http/index.ts";
import { firstStatusAt, type MasterState, type TaskRecord } from "../core/index.ts";
import { allTasks, taskJson } from "./v0-records.ts";

const tasksLimitDefault = 100;
/** More are written in pieces, between which the loop is free. */
const tasksAtOnce = 500;
const tasksPerPiece = 50;

export function tasksAnswer(state: MasterState, query: URLSearchParams): Answer {
  // Mesos' own command line asks for `-1` tasks, which the original took for as many as there can be.
  const isAll = query.get("limit") === "-1";
  const limit = isAll ? Number.POSITIVE_INFINITY : wholeNumber(query.get("limit"), tasksLimitDefault);
  const offset = wholeNumber(query.get("offset"), 0);
  if (limit === undefined || offset === undefined)
    return text("limit and offset must be whole numbers of 0 or more; a limit of -1 is none", 400);
  const framework = query.get("framework_id");
  const task = query.get("task_id");
  const found = [...state.frameworks.values(), ...state.completedFrameworks.values()]
    .filter(({ id }) => framework === null || id === framework)
    .flatMap(allTasks)
    .filter(({ taskId }) => task === null || taskId === task)
    .map((each) => ({ task: each, startedAt: firstStatusAt(each) ?? 0 }));
  const sign = query.get("order") === "asc" ? 1 : -1;
  const window = found
    .sort((one, other) => sign * (one.startedAt - other.startedAt))
    .slice(offset, offset + limit)
    .map((each) => each.task);
  const type = { "content-type": "application/json" };
  if (window.length > tasksAtOnce) return parts(tasksPieces(window), type);
  return { kind: "plain", status: 200, headers: type, body: `{"tasks":[${textOf(window)}]}` };
}

async function* tasksPieces(tasks: readonly TaskRecord[]): AsyncGenerator<Buffer> {
  yield Buffer.from('{"tasks":[');
  for (let start = 0; start < tasks.length; start += tasksPerPiece) {
    const text = textOf(tasks.slice(start, start + tasksPerPiece));
    yield Buffer.from(`${start === 0 ? "" : ","}${text}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  yield Buffer.from("]}");
}

const textOf = (tasks: readonly TaskRecord[]): string =>
  tasks.map((task) => JSON.stringify(taskJson(task))).join(",");

function wholeNumber(given: string | null, otherwise: number): number | undefined {
  if (given === null) return otherwise;
  return /^\d{1,9}$/.test(given) ? Number(given) : undefined;
}
