/** `keelson ps` and `keelson task show`: every task of every framework. */
import {
  listEvidence,
  listTasks,
  type TaskEvidence,
  type TaskItem,
} from "#contracts/kernel/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { findTask } from "../find-task.ts";
import { pairs } from "../output/render.ts";
import { age, amount, instant } from "../output/table.ts";
import type { Cell, View } from "../output/view.ts";
import { everyItem, listQuery } from "../paging.ts";
import { findNode } from "./node.ts";

export async function taskList(context: Context, input: Input): Promise<View> {
  const onNode = input.text("node");
  const node = onNode === undefined ? {} : { node: (await findNode(context, onNode)).id };
  const ended = input.isOn("all") ? { ended: true } : {};
  const { items, foot } = await everyItem(context, (window) =>
    context.connection.call("kernel", listTasks, {
      query: { ...window, ...listQuery(input), ...node, ...ended },
    }),
  );
  const now = Date.now();
  return {
    kind: "table",
    data: items,
    names: items.map(({ id }) => id),
    empty: context.say("task.none"),
    ...(foot === undefined ? {} : { foot }),
    rows: items.map((task) => ({
      task: task.id,
      state: taskState(task),
      host: task.hostname,
      cpus: amount(task.cpus),
      memory: amount(task.mem),
      age: age(task.startedAt, now),
      health: healthText(context, task.healthy),
      framework: task.frameworkName,
      agent: task.agentId,
      message: task.message,
    })),
  };
}

function taskState({ state, isEnded }: TaskItem): Cell {
  const tone = state === "TASK_RUNNING" || state === "TASK_FINISHED" ? "good" : isEnded ? "bad" : "warning";
  return { text: state, tone };
}

export function healthText({ say }: Context, healthy: boolean | undefined): Cell {
  if (healthy === undefined) return say("state.unchecked");
  return healthy
    ? { text: say("state.healthy"), tone: "good" }
    : { text: say("state.unhealthy"), tone: "bad" };
}

export async function taskShow(context: Context, input: Input): Promise<View> {
  const { task, agent } = await findTask(context, input.word(0));
  const evidence = await evidenceOf(context, agent, task.id);
  const { say } = context;
  return {
    kind: "text",
    data: { ...task, ...(evidence === undefined ? {} : { evidence }) },
    names: [task.id],
    text: () =>
      pairs(context, [
        ["column.task", task.id],
        ["column.name", task.name],
        ["column.state", taskState(task)],
        ["column.health", task.healthy === undefined ? undefined : healthText(context, task.healthy)],
        ["column.message", task.message ?? evidence?.message],
        ["column.exit", evidence === undefined ? undefined : exitText(context, evidence)],
        ["column.framework", `${task.frameworkName} (${task.frameworkId})`],
        ["column.host", task.hostname],
        ["column.agent", task.agentId],
        ["column.cpus", amount(task.cpus)],
        ["column.memory", `${amount(task.mem)} MiB`],
        ["column.startedAt", instant(task.startedAt)],
        ["column.endedAt", instant(evidence?.endedAt)],
        ["column.sandbox", evidence?.directory],
        [
          "column.files",
          evidence?.filesRemovedAt === undefined
            ? undefined
            : say("task.filesRemoved", { at: instant(evidence.filesRemovedAt) }),
        ],
      ]),
  };
}

/** What its agent still knows of a task; `undefined` when the agent does not know it. */
export async function evidenceOf(
  context: Context,
  agent: string,
  taskId: string,
): Promise<TaskEvidence | undefined> {
  const { items } = await context.connection.call({ agent }, listEvidence, { query: { task: taskId } });
  return items.find(({ id }) => id === taskId);
}

/** How it ended, in words: exit code, signal, out of memory. */
export function exitText({ say }: Context, evidence: TaskEvidence): string {
  if (evidence.isOutOfMemory) return say("exit.outOfMemory");
  if (evidence.signal !== undefined) return say("exit.signal", { signal: evidence.signal });
  return evidence.exitCode === undefined ? "" : say("exit.code", { code: evidence.exitCode });
}
