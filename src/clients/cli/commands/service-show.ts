/** `keelson service show`: one service with its instances. */
import type { AppInfo } from "#clients/client/services.ts";
import { explainWhy } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { pairs } from "../output/render.ts";
import { age, table } from "../output/table.ts";
import type { View } from "../output/view.ts";
import { existingService } from "../services.ts";

export async function serviceShow(context: Context, input: Input): Promise<View> {
  const app = await existingService(context, input.word(0));
  const { connection, language } = context;
  const { reasons, isAsWished } = await connection.call("services", explainWhy, {
    query: { name: app.id, language },
  });
  const reason = isAsWished ? undefined : reasons[0]?.message;
  return {
    kind: "text",
    data: app,
    names: [app.id],
    text: ({ isWide }) =>
      [facts(context, app, reason), instances(context, app, isWide)].filter(Boolean).join("\n\n"),
  };
}

function facts(context: Context, app: AppInfo, reason: string | undefined): string {
  const failure = app.lastTaskFailure;
  return pairs(context, [
    ["column.service", app.id],
    ["column.command", app.cmd],
    ["column.containers", app.containers?.join(", ")],
    ["column.running", `${app.tasksRunning}/${app.instances}`],
    [
      "column.healthy",
      (app.healthChecks ?? []).length === 0 ? undefined : `${app.tasksHealthy}/${app.instances}`,
    ],
    ["column.cpus", app.cpus],
    ["column.memory", `${app.mem} MiB`],
    ["column.version", app.version],
    ["column.deployment", (app.deployments ?? []).map(({ id }) => id).join(", ")],
    ["column.reason", reason],
    ["column.lastFailure", failure === undefined ? undefined : `${failure.state}: ${failure.message}`],
  ]);
}

function instances(context: Context, app: AppInfo, isWide: boolean): string {
  const tasks = app.tasks ?? [];
  if (tasks.length === 0) return "";
  const { say, paint } = context;
  const now = Date.now();
  const headers = [say("column.task"), say("column.state"), say("column.address"), say("column.age")];
  return table(
    isWide ? [...headers, say("column.agent"), say("column.version")] : headers,
    tasks.map((task) => [
      task.id,
      task.state,
      [task.host, ...task.ports.slice(0, isWide ? undefined : 1)].join(":"),
      age(task.startedAt === undefined ? undefined : Date.parse(task.startedAt), now),
      ...(isWide ? [task.slaveId, task.version] : []),
    ]),
    paint,
  );
}
