/** Asking before something is destroyed: the object, the cluster and the effect are named, and no is the default. */
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

export interface Question {
  /** A sentence: what goes, and what of it can't be had back. */
  readonly effect: string;
  /** Much goes at once: this must be typed, a `y` is not enough. */
  readonly typed?: string;
  /** What it is done to, when that is no cluster in use. */
  readonly where?: string;
}

/**
 * Returns when it may be done. Where nobody can be asked it may: scripts mean what they say. Throws `CommandFailed`
 * (refused) for any answer but yes.
 */
export async function confirm(context: Context, { effect, typed, where }: Question): Promise<void> {
  const { say, terminal } = context;
  if (context.assumeYes || !terminal.canAsk) return;
  const cluster = where ?? clusterName(context);
  context.warn(say("confirm.what", { effect, cluster }));
  if (typed !== undefined) {
    const answer = await terminal.ask(`${say("confirm.type", { typed })} `);
    if (answer?.trim() === typed) return;
  } else {
    const answer = (await terminal.ask(`${say("confirm.question")} `))?.trim().toLowerCase() ?? "";
    if (["y", "yes", "是", "好"].includes(answer)) return;
  }
  throw new CommandFailed(say("confirm.refused"), exitCodes.refused);
}

/** In the colour its owner gave it, so that the wrong one looks wrong. */
function clusterName({ choice, paint }: Context): string {
  return paint(choice.colour ?? "strong", choice.name);
}
