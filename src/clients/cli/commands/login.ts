/** `keelson login` and `logout`: a token for a cluster, kept in the configuration and forgotten again. */
import { readFileSync } from "node:fs";
import { logIn, logOut } from "#clients/client/login.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { contextInUse, localContext } from "../config/choose-cluster.ts";
import { configPath, readConfig, writeConfig } from "../config/config-file.ts";
import { expiryOf } from "../config/token-expiry.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { instant } from "../output/table.ts";
import { doorUrl } from "./context.ts";

export async function login(context: Context, input: Input): Promise<void> {
  const { say, environment } = context;
  const config = readConfig(environment, say);
  const { url, name } = whereTo(context, input);
  const uid = input.text("user") ?? (await asked(context, input, "--user", "login.user", false));
  const password = input.isOn("password-stdin")
    ? readFileSync(0, "utf8").replace(/\r?\n$/, "")
    : await asked(context, input, "--password-stdin", "login.password", true);
  const token = await logIn(url, { uid, password });
  const before = config.contexts.get(name);
  writeConfig(environment, say, {
    current: name,
    contexts: new Map([
      ...config.contexts,
      [
        name,
        {
          isReadOnly: input.isOn("read-only") || before?.isReadOnly === true,
          ...before,
          url,
          token,
          user: uid,
        },
      ],
    ]),
  });
  const expiry = expiryOf(token, Date.now(), { isLogin: true });
  await context.result({
    text: say("login.done", { name, url, user: uid, until: expiry === undefined ? "-" : instant(expiry.at) }),
    data: { context: name, url, uid, expiresAt: expiry?.at },
    name,
  });
}

/** The address given, or that of the context in use. */
function whereTo(context: Context, input: Input): { readonly url: string; readonly name: string } {
  const given = input.optionalWord(0);
  const config = readConfig(context.environment, context.say);
  if (given !== undefined) {
    const url = doorUrl(input, given);
    const known = [...config.contexts].find(([, entry]) => entry.url === url)?.[0];
    return { url, name: input.text("name") ?? known ?? new URL(url).hostname };
  }
  const { name } = contextInUse(context.environment, process.cwd(), context.say);
  const found = config.contexts.get(name);
  if (found !== undefined) return { url: found.url, name };
  if (name === localContext) {
    const { door } = context.cluster;
    if (door !== undefined) return { url: door.url, name: input.text("name") ?? new URL(door.url).hostname };
  }
  throw new UsageError("login.noUrl", {}, input.path);
}

async function asked(
  { terminal, say }: Context,
  input: Input,
  flag: string,
  key: "login.user" | "login.password",
  isSecret: boolean,
): Promise<string> {
  if (!terminal.canAsk) throw new UsageError("login.cantAsk", { flag }, input.path);
  const answer = await (isSecret ? terminal.askSecretly(`${say(key)} `) : terminal.ask(`${say(key)} `));
  if (answer === undefined || answer === "") throw new UsageError("login.cantAsk", { flag }, input.path);
  return answer;
}

export async function logout(context: Context, _input: Input): Promise<void> {
  const { environment, say } = context;
  const { name } = contextInUse(environment, process.cwd(), say);
  const config = readConfig(environment, say);
  const found = config.contexts.get(name);
  if (found?.token === undefined)
    throw new CommandFailed(say("logout.none", { name, path: configPath(environment) }), exitCodes.notFound);
  // The cluster may be gone; the token is forgotten all the same.
  await logOut(found.url, found.token).catch(() => {});
  const { token: _token, user: _user, ...rest } = found;
  writeConfig(environment, say, { ...config, contexts: new Map([...config.contexts, [name, rest]]) });
  await context.result({ text: say("logout.done", { name }), data: { context: name }, name });
}
