import { CommandFailed, type Context } from "./context.ts";

/** A number given as text, at least 0. Throws a sentence that names the flag. */
export function positive({ say }: Context, given: string | undefined, name: string): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new CommandFailed(say("cli.notANumber", { name, given }));
  }
  return value;
}
