/** `keelson secret`: values that services get and their definitions only name. */
import { readFileSync } from "node:fs";
import { Secrets } from "#clients/client/secrets.ts";
import { secretPathOf } from "#domain/secrets/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/view.ts";

const secretsOf = ({ connection }: Context): Secrets => new Secrets(connection);

export async function secretList(context: Context, input: Input): Promise<View> {
  const paths = await secretsOf(context).list(input.optionalWord(0));
  return {
    kind: "table",
    data: paths,
    names: paths,
    empty: context.say("secret.none"),
    rows: paths.map((secret) => ({ secret })),
  };
}

export async function secretGet(context: Context, input: Input): Promise<View> {
  const secret = await secretsOf(context).read(pathOf(input));
  return { kind: "text", data: secret, names: [secret.path], text: () => secret.value };
}

export async function secretCreate(context: Context, input: Input): Promise<void> {
  const path = pathOf(input);
  await secretsOf(context).create(path, await bytesOf(context, input));
  await context.result({ text: context.say("secret.created", { path }), data: { path }, name: path });
}

export async function secretUpdate(context: Context, input: Input): Promise<void> {
  const path = pathOf(input);
  await secretsOf(context).update(path, await bytesOf(context, input));
  await context.result({ text: context.say("secret.updated", { path }), data: { path }, name: path });
}

export async function secretDelete(context: Context, input: Input): Promise<void> {
  const path = pathOf(input);
  await confirm(context, { effect: context.say("confirm.deleteSecret", { path }) });
  await secretsOf(context).remove(path);
  await context.result({ text: context.say("secret.deleted", { path }), data: { path }, name: path });
}

function pathOf(input: Input): string {
  const path = secretPathOf(input.word(0));
  if (path === undefined) throw new UsageError("secret.badPath", { path: input.word(0) }, input.path);
  return path;
}

/** A file with any bytes, or a text; asked for where somebody is there. */
async function bytesOf(context: Context, input: Input): Promise<Uint8Array> {
  const { terminal, say } = context;
  const [file, text] = [input.text("file"), input.text("value")];
  if (file !== undefined && text !== undefined) throw new UsageError("secret.oneValue", {}, input.path);
  if (file !== undefined) return readBytes(context, file);
  if (text !== undefined) return Buffer.from(text);
  const answer = terminal.canAsk ? await terminal.askSecretly(`${say("secret.value")} `) : undefined;
  if (answer === undefined) throw new UsageError("login.cantAsk", { flag: "--file" }, input.path);
  return Buffer.from(answer);
}

function readBytes({ say }: Context, path: string): Uint8Array {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new CommandFailed(
      say("file.unreadable", { path, problem: errorMessage(error) }),
      exitCodes.notFound,
    );
  }
}
