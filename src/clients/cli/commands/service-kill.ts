/** `keelson service kill`: ends instances of a service, all or those of a node; they are replaced, unless it is to want fewer. */
import { deploymentOf, killTasks } from "#clients/client/services.ts";
import { listInstances } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withLock } from "../lock.ts";
import { everyItem } from "../paging.ts";
import { existingService } from "../services.ts";

export async function serviceKill(context: Context, input: Input): Promise<ExitCode> {
  const { say } = context;
  const { id: service } = await existingService(context, input.word(0));
  const { items } = await everyItem(context, (window) =>
    context.connection.call("services", listInstances, { query: { ...window, service } }),
  );
  const wanted = input.wordsFrom(1);
  const host = input.text("host");
  const isMeant = ({ id, taskId, hostname, agentId }: (typeof items)[number]): boolean =>
    (wanted.length === 0 || wanted.some((word) => word === id || word === taskId)) &&
    (host === undefined || host === hostname || host === agentId);
  const meant = items.filter((item) => item.taskId !== undefined && isMeant(item));
  const unknown = wanted.find((word) => !items.some(({ id, taskId }) => id === word || taskId === word));
  if (unknown !== undefined)
    throw new CommandFailed(
      say("service.noInstance", { name: service, instance: unknown }),
      exitCodes.notFound,
    );
  if (meant.length === 0)
    throw new CommandFailed(
      say("service.nothingToKill", { name: service, host: host ?? "none" }),
      exitCodes.notFound,
    );
  const ids = meant.map(({ taskId, id }) => taskId ?? id);
  const scale = input.isOn("scale");
  await confirm(context, {
    effect: say(scale ? "confirm.killAndScale" : "confirm.kill", { count: ids.length, ids: ids.join(", ") }),
  });
  const answer = await withLock(context, input, ({ force }) =>
    killTasks(context.cluster, ids, { scale, force }),
  );
  const deploymentId = deploymentOf(answer);
  await context.result({
    text: say("task.killed", { ids: ids.join(", "), count: ids.length }),
    data: { service, ids, ...(deploymentId === undefined ? {} : { deploymentId }) },
    name: ids.join("\n"),
  });
  return exitCodes.ok;
}
