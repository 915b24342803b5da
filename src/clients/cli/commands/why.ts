/** `keelson why`: what keeps a service, instance, task or deployment from being as wished; the true cause first. */
import { servicePath } from "#clients/client/services.ts";
import { explainWhy } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { meant } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/view.ts";
import { nextLine, reasonLines } from "../reason-text.ts";
import { isNotFound, noSuchService } from "../services.ts";

export async function why(context: Context, input: Input): Promise<View> {
  const name = input.word(0);
  const answer = await context.connection
    .call("services", explainWhy, { query: { name, language: context.language } })
    .catch(async (error: unknown) => {
      if (!isNotFound(error)) throw error;
      if (name.includes("/") || !name.includes(".")) throw await noSuchService(context, servicePath(name));
      throw new CommandFailed(context.say("why.unknown", { name, ...meant([]) }), exitCodes.notFound);
    });
  return {
    kind: "text",
    data: answer,
    names: answer.reasons.map(({ code }) => code),
    text: (options) =>
      [
        ...answer.reasons.flatMap((reason) => reasonLines(context, reason, options)),
        ...(answer.reasons.length === 0 ? [context.say("why.asWished", { name: answer.id })] : []),
        ...(answer.wanted === undefined || answer.running === undefined
          ? []
          : [context.say("why.counts", { name: answer.id, running: answer.running, wanted: answer.wanted })]),
        ...nextLine(
          context,
          answer.reasons.flatMap(({ commands }) => commands),
        ),
      ].join("\n"),
  };
}
