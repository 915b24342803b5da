/** What a failed change says on its last screen: the cause, how the last instance ended, what it wrote, what to do. */
import { type InstanceItem, listInstances, showHistory } from "#contracts/services/own-endpoints.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import { exitText } from "./commands/task.ts";
import type { Context } from "./context.ts";
import { printable } from "./output/table.ts";
import { nextLine, reasonLines } from "./reason-text.ts";
import { lastOutput, type TaskOutput, withinDeadline } from "./task-output.ts";

export interface FailureReport {
  readonly text: string;
  readonly data: {
    readonly cause?: { readonly code: string; readonly message: string };
    readonly instance?: InstanceItem;
    readonly lastLines: readonly string[];
    readonly next: readonly string[];
  };
}

export async function failureReport(
  context: Context,
  service: string,
  reason: Reason | undefined,
): Promise<FailureReport> {
  const { say } = context;
  const [evidence, hasEarlier] = await Promise.all([
    withinDeadline(lastEvidence(context, service)),
    withinDeadline(hasEarlierVersion(context, service)),
  ]);
  const given = reason?.commands ?? [];
  const knowsLogs = given.some((command) => command.includes("logs "));
  const next = [
    ...given,
    ...(knowsLogs || evidence === undefined ? [] : [`logs ${service} --previous --stderr`]),
    `why ${service}`,
    ...(hasEarlier === true ? [`rollback ${service}`] : []),
  ];
  const lines = [
    ...(reason === undefined ? [] : reasonLines(context, reason, { isWide: false })),
    ...(evidence === undefined ? [] : evidenceLines(context, evidence)),
    ...nextLine(context, next),
  ];
  return {
    text: lines.length === 0 ? say("verdict.noCause") : lines.join("\n"),
    data: {
      ...(reason === undefined ? {} : { cause: { code: reason.code, message: reason.message } }),
      ...(evidence === undefined ? {} : { instance: evidence.instance }),
      lastLines: evidence?.lines ?? [],
      next: [...new Set(next)].map((command) => `keelson ${command}`),
    },
  };
}

interface Evidence extends TaskOutput {
  readonly instance: InstanceItem;
}

function evidenceLines(context: Context, { instance, task, file, lines }: Evidence): readonly string[] {
  const { say } = context;
  const exit = task === undefined ? "" : exitText(context, task);
  const how = [instance.cause, exit]
    .filter((part) => part !== undefined && part !== "")
    .map((part) => printable(part ?? ""));
  return [
    say("verdict.lastInstance", {
      instance: instance.id,
      state: instance.condition,
      host: instance.hostname ?? "-",
      how: how.join("; "),
    }),
    ...(lines.length === 0
      ? [say("verdict.noOutput")]
      : [
          say("verdict.lastLines", { count: lines.length, file }),
          ...lines.map((line) => `    ${printable(line)}`),
        ]),
  ];
}

/** The instance that ended last, else one that is not healthy; with what it wrote last. */
async function lastEvidence(context: Context, service: string): Promise<Evidence | undefined> {
  const { items } = await context.connection.call("services", listInstances, {
    query: { service, ended: true, limit: 1_000 },
  });
  const ran = items.filter(({ taskId, agentId }) => taskId !== undefined && agentId !== undefined);
  const ended = ran.filter(({ endedAt }) => endedAt !== undefined);
  const instance =
    ended.sort((one, other) => (other.endedAt ?? 0) - (one.endedAt ?? 0))[0] ??
    ran.find(({ healthy }) => healthy === false);
  if (instance?.taskId === undefined || instance.agentId === undefined) return undefined;
  const { taskId, agentId } = instance;
  return { instance, ...(await lastOutput(context, { agentId, taskId })) };
}

async function hasEarlierVersion(context: Context, service: string): Promise<boolean> {
  const params = { id: service.replace(/^\/+/, "") };
  const { total } = await context.connection.call("services", showHistory, { params, query: { limit: 1 } });
  return total > 1;
}
