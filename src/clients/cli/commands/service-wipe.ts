/** `keelson service wipe`: gives instances up with their volumes; each is replaced by one that starts without their data. */
import { servicePath, wipeInstances } from "#clients/client/services.ts";
import { listInstances } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { everyItem } from "../paging.ts";
import { namingService } from "../services.ts";

export async function serviceWipe(context: Context, input: Input): Promise<ExitCode> {
  const { say } = context;
  const service = servicePath(input.word(0));
  const { items } = await namingService(context, service, () =>
    everyItem(context, (window) =>
      context.connection.call("services", listInstances, { query: { ...window, service } }),
    ),
  );
  const known = items.map(({ id }) => id);
  const ids = input.wordsFrom(1);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw new CommandFailed(
      say("service.noInstance", { name: service, instance: unknown }),
      exitCodes.notFound,
    );
  const facts = { name: service, count: ids.length, ids: ids.join(", ") };
  await confirm(context, { effect: say("confirm.wipe", facts) });
  const { body } = await wipeInstances(context.cluster, ids);
  await context.result({
    text: say("service.wiped", facts),
    data: { ids, answer: body },
    name: ids.join("\n"),
  });
  return exitCodes.ok;
}
