/** `keelson rollback`: brings an earlier version back; `-2` is the one two before. */

import { servicePath } from "#clients/client/services.ts";
import { rollbackService, showHistory } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withLock } from "../lock.ts";
import { planText } from "../plan-text.ts";
import { namingService } from "../services.ts";
import { concludePlanned } from "./apply.ts";

export async function rollback(context: Context, input: Input): Promise<ExitCode> {
  const id = servicePath(input.word(0));
  const version = await versionOf(context, id, input.optionalWord(1));
  const message = input.text("message");
  const ask = (options: { readonly force: boolean; readonly dryRun: boolean }): ReturnType<typeof call> =>
    namingService(context, id, () => call(options));
  const call = (options: { readonly force: boolean; readonly dryRun: boolean }) =>
    context.connection.call("services", rollbackService, {
      params: { id: id.slice(1) },
      query: { language: context.language },
      body: {
        ...(version === undefined ? {} : { version }),
        ...(input.isOn("with-instances") ? { withInstances: true } : {}),
        ...(options.force ? { force: true } : {}),
        ...(options.dryRun ? { dryRun: true } : {}),
        ...(message === undefined ? {} : { message }),
      },
    });
  if (input.isOn("dry-run")) {
    const answer = await ask({ force: false, dryRun: true });
    await context.result({
      text: planText(context, answer.plan, { isWide: false }),
      data: answer,
      name: answer.version,
    });
    return answer.plan.isEmpty ? exitCodes.ok : exitCodes.change;
  }
  const answer = await withLock(context, input, ({ force }) => ask({ force, dryRun: false }));
  return await concludePlanned(context, input, answer);
}

/** A version as written, or counted back from the current one: `-1` is the one before. */
async function versionOf(
  context: Context,
  id: string,
  given: string | undefined,
): Promise<string | undefined> {
  if (given === undefined || !/^-\d+$/.test(given)) return given;
  const { items } = await namingService(context, id, () =>
    context.connection.call("services", showHistory, { params: { id: id.slice(1) }, query: { limit: 100 } }),
  );
  const current = items.findIndex(({ isCurrent }) => isCurrent);
  const found = items[Math.max(0, current) - Number(given)];
  if (found === undefined)
    throw new CommandFailed(
      context.say("rollback.tooFar", { name: id, count: items.length }),
      exitCodes.notFound,
    );
  return found.version;
}
