/** What a person calls something of the cluster: when it is not there, a sentence says so, with the nearest names. */
import { RequestFailed } from "#clients/client/cluster.ts";
import type { MessageKey } from "#contracts/messages/messages.ts";
import { meant } from "./command-line/parse.ts";
import { similar } from "./command-line/similar.ts";
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

/** Things that have names. */
export interface Named {
  /** The sentence for a name that nothing has. */
  readonly unknown: MessageKey;
  /** Names that there are, for what may have been meant. */
  readonly names: (context: Context) => Promise<readonly string[]>;
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof RequestFailed
    ? error.status === 404
    : typeof error === "object" && error !== null && "code" in error && error.code === "NotFound";

export async function noSuch(
  context: Context,
  { unknown, names }: Named,
  name: string,
): Promise<CommandFailed> {
  const known = await names(context).catch(() => []);
  return new CommandFailed(
    context.say(unknown, { name, ...meant(similar(name, known)) }),
    exitCodes.notFound,
  );
}

/** What `ask` answers, its 404 turned into the sentence. */
export async function naming<Result>(
  context: Context,
  named: Named,
  name: string,
  ask: () => Promise<Result>,
): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    throw isNotFound(error) ? await noSuch(context, named, name) : error;
  }
}
