/** `keelson task kill`: ends tasks of services; they are replaced, unless the service is to want fewer. */
import { killTasks } from "#clients/client/services.ts";
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { findTask } from "../find-task.ts";
import { withLock } from "../lock.ts";

export async function taskKill(context: Context, input: Input): Promise<ExitCode> {
  const { say } = context;
  const found = await Promise.all(input.wordsFrom(0).map((text) => findTask(context, text)));
  const over = found.filter(({ task }) => task.isEnded);
  if (over.length > 0) {
    const ids = over.map(({ id }) => id).join(", ");
    throw new CommandFailed(say("task.alreadyOver", { ids }), exitCodes.refused);
  }
  const ids = found.map(({ id }) => id);
  const scale = input.isOn("scale");
  await confirm(context, {
    effect: say(scale ? "confirm.killAndScale" : "confirm.kill", { count: ids.length, ids: ids.join(", ") }),
  });
  const { body } = await withLock(context, input, ({ force }) =>
    killTasks(context.cluster, ids, { scale, force }),
  );
  await context.result({
    text: say("task.killed", { ids: ids.join(", "), count: ids.length }),
    data: { ids, answer: body },
    name: ids.join("\n"),
  });
  return exitCodes.ok;
}
