/** `keelson open`: an address that logs a browser in, once. Nothing is opened: the address is printed. */
import { createLoginLink } from "#contracts/iam/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { span } from "../output/table.ts";

export async function open(context: Context, _input: Input): Promise<void> {
  const { door } = context.cluster;
  if (door === undefined) throw new CommandFailed(context.say("open.noDoor"), exitCodes.unreachable);
  const link = await context.connection.call("door", createLoginLink, { body: {} });
  // Browsers take `localhost` and the names below it for one site of this machine; an address has no names below it.
  const url = `${door.url.replace("//127.0.0.1:", "//localhost:")}${link.path}`;
  await context.result({
    text: context.say("open.link", { url, user: link.uid, left: span(link.expiresAt - Date.now()) }),
    data: { url, uid: link.uid, expiresAt: link.expiresAt },
    name: url,
  });
}
