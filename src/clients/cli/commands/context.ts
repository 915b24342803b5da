/** `keelson context`: the clusters a person works with, and which of them is meant here. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "#foundation/base/errors.ts";
import type { Input } from "../command-line/input.ts";
import { meant, UsageError } from "../command-line/parse.ts";
import { similar } from "../command-line/similar.ts";
import {
  contextInUse,
  folderFile,
  localContext,
  localDataDir,
  readLocalCluster,
} from "../config/choose-cluster.ts";
import {
  type ClusterContext,
  type Config,
  configPath,
  contextColours,
  contextNamePattern,
  readConfig,
  writeConfig,
} from "../config/config-file.ts";
import { expiryOf } from "../config/token-expiry.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { instant } from "../output/table.ts";
import type { View } from "../output/view.ts";

export async function contextList(context: Context, _input: Input): Promise<View> {
  const { environment, say } = context;
  const { contexts } = readConfig(environment, say);
  const inUse = contextInUse(environment, process.cwd(), say);
  const local = readLocalCluster(localDataDir(environment));
  const rows = [
    ...(local === undefined
      ? []
      : [{ name: localContext, url: `http://127.0.0.1:${local.door}`, isReadOnly: false }]),
    ...[...contexts].map(([name, entry]) => ({ name, ...entry })),
  ].map((entry: { readonly name: string } & ClusterContext) => ({
    ...entry,
    isInUse: entry.name === inUse.name && environment["KEELSON_URL"] === undefined,
    expiresAt: expiryOf(entry.token, Date.now(), { isLogin: entry.user !== undefined })?.at,
  }));
  return {
    kind: "table",
    // Never the token itself.
    data: rows.map(({ token, ...rest }) => ({ ...rest, hasToken: token !== undefined })),
    names: rows.map(({ name }) => name),
    empty: say("context.none", { path: configPath(environment) }),
    ...(environment["KEELSON_URL"] === undefined
      ? {}
      : { foot: say("context.url", { url: environment["KEELSON_URL"] }) }),
    rows: rows.map((entry) => ({
      inUse: entry.isInUse ? "*" : "",
      context: entry.colour === undefined ? entry.name : { text: entry.name, tone: entry.colour },
      url: entry.url,
      user: entry.user,
      readOnly: entry.isReadOnly ? say("context.readOnly") : "",
      expires: instant(entry.expiresAt),
    })),
  };
}

export async function contextUse(context: Context, input: Input): Promise<void> {
  const { environment, say } = context;
  const name = input.word(0);
  const config = readConfig(environment, say);
  if (name !== localContext) existing(context, config, name);
  if (input.isOn("folder")) {
    const path = join(process.cwd(), folderFile);
    try {
      writeFileSync(path, `${name}\n`);
    } catch (error) {
      throw new CommandFailed(say("file.unwritable", { path, problem: errorMessage(error) }));
    }
  } else writeConfig(environment, say, { ...config, current: name });
  await context.result({
    text: say(input.isOn("folder") ? "context.usedInFolder" : "context.used", { name }),
    data: { name, isFolder: input.isOn("folder") },
    name,
  });
}

export async function contextAdd(context: Context, input: Input): Promise<void> {
  const { environment, say } = context;
  const name = input.word(0);
  if (!contextNamePattern.test(name) || name === localContext)
    throw new UsageError("context.badName", { name }, input.path);
  const url = doorUrl(input, input.word(1));
  const token = input.isOn("token-stdin") ? readFileSync(0, "utf8").trim() : input.text("token");
  const colour = contextColours.find((one) => one === input.text("color"));
  const config = readConfig(environment, say);
  const entry: ClusterContext = {
    url,
    isReadOnly: input.isOn("read-only"),
    ...(token === undefined || token === "" ? {} : { token }),
    ...(colour === undefined ? {} : { colour }),
  };
  writeConfig(environment, say, {
    // The first one is what is meant from now on.
    current: config.current ?? name,
    contexts: new Map([...config.contexts, [name, entry]]),
  });
  await context.result({ text: say("context.added", { name, url }), data: { name, url }, name });
}

/** The address of a door without anything behind it. Throws `UsageError` for anything else. */
export function doorUrl(input: Input, given: string): string {
  try {
    const { protocol, origin, username } = new URL(given);
    if ((protocol === "http:" || protocol === "https:") && username === "") return origin;
  } catch {
    // Said below.
  }
  throw new UsageError("config.badUrl", { url: given }, input.path);
}

export async function contextRemove(context: Context, input: Input): Promise<void> {
  const { environment, say } = context;
  const name = input.word(0);
  const config = readConfig(environment, say);
  const { url } = existing(context, config, name);
  await confirm(context, { effect: say("confirm.removeContext", { name, url }), where: name });
  const contexts = new Map(config.contexts);
  contexts.delete(name);
  const { current, ...rest } = config;
  writeConfig(environment, say, {
    ...rest,
    contexts,
    ...(current === undefined || current === name ? {} : { current }),
  });
  await context.result({ text: say("context.removed", { name }), data: { name }, name });
}

function existing({ say }: Context, { contexts }: Config, name: string): ClusterContext {
  const found = contexts.get(name);
  if (found !== undefined) return found;
  const near = meant(similar(name, [...contexts.keys(), localContext]));
  throw new CommandFailed(say("context.unknown", { name, ...near }), exitCodes.notFound);
}
