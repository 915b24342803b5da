/** What a task wrote last and how its agent says it ended. */
import { LineReader, readLog } from "#clients/client/agent-log.ts";
import type { TaskEvidence } from "#contracts/kernel/own-endpoints.ts";
import { evidenceOf } from "./commands/task.ts";
import type { Context } from "./context.ts";
import { agentAddress } from "./find-task.ts";

const linesShown = 20;

export interface TaskOutput {
  readonly task: TaskEvidence | undefined;
  readonly file: "stderr" | "stdout";
  readonly lines: readonly string[];
}

/** Of stderr, or of stdout where that is empty. An agent that is gone keeps it to itself. */
export async function lastOutput(
  context: Context,
  { agentId, taskId }: { readonly agentId: string; readonly taskId: string },
): Promise<TaskOutput> {
  try {
    const agent = await agentAddress(context, agentId);
    const [task, stderr, stdout] = await Promise.all([
      evidenceOf(context, agent, taskId).catch(() => undefined),
      lastLines(context, { agent, taskId, file: "stderr" }),
      lastLines(context, { agent, taskId, file: "stdout" }),
    ]);
    return stderr.length > 0
      ? { task, file: "stderr", lines: stderr }
      : { task, file: "stdout", lines: stdout };
  } catch {
    return { task: undefined, file: "stderr", lines: [] };
  }
}

async function lastLines(
  context: Context,
  from: { readonly agent: string; readonly taskId: string; readonly file: string },
): Promise<readonly string[]> {
  const reader = new LineReader();
  const lines: string[] = [];
  try {
    await readLog(context.connection, { ...from, lines: linesShown }, (event) => {
      if (event.kind === "output") lines.push(...reader.push(event));
    });
  } catch {
    // Nothing was written, or it is gone.
    return [];
  }
  return [...lines, ...reader.end()].slice(-linesShown);
}

/** A verdict is told within two seconds: evidence that takes longer is left out. */
const evidenceDeadlineMs = 1_500;

export async function withinDeadline<Result>(work: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), evidenceDeadlineMs);
  });
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
