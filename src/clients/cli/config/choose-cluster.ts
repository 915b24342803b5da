/**
 * Which cluster a command speaks to. The first that is there: `--context`, KEELSON_URL, KEELSON_CONTEXT, a
 * KEELSON_DATA_DIR that was set, `.keelson-context` of this folder or one above, `current` of the configuration, and
 * the cluster on this machine.
 */
import { existsSync, readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClusterAddresses, onThisMachine, throughDoor } from "#clients/client/cluster.ts";
import { meant } from "../command-line/parse.ts";
import { similar } from "../command-line/similar.ts";
import { CommandFailed, type Context, type Environment } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ContextColour, contextNamePattern, readConfig } from "./config-file.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
export const folderFile = ".keelson-context";
/** The context that is always there. */
export const localContext = "local";

/** The part of `up.json` that the command line reads. */
export interface LocalCluster {
  readonly services: Readonly<Record<string, string>>;
  readonly door: number;
  readonly token?: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly startTicks: Readonly<Record<string, string>>;
  readonly supervisor: { readonly pid: number; readonly startTicks: string };
}

export type ChoiceSource = "flag" | "url" | "environment" | "dataDir" | "folder" | "current" | "default";

export interface ClusterChoice {
  /** As questions and `context list` show it. */
  readonly name: string;
  readonly source: ChoiceSource;
  readonly isReadOnly: boolean;
  /** Its token is a person's login, not one that was given. */
  readonly isLogin: boolean;
  readonly colour?: ContextColour;
  readonly addresses: ClusterAddresses;
}

export function localDataDir(environment: Environment): string {
  return resolve(environment["KEELSON_DATA_DIR"] ?? join(root, ".keelson"));
}

export function readLocalCluster(dataDir: string): LocalCluster | undefined {
  const path = join(dataDir, "secrets", "up.json");
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8")) as LocalCluster;
}

/** Throws `CommandFailed` when there is no such context, or no cluster at all. */
export function chooseCluster(
  environment: Environment,
  given: { readonly context: string | undefined; readonly folder: string },
  say: Context["say"],
): ClusterChoice {
  const url = environment["KEELSON_URL"];
  if (given.context !== undefined) return named(environment, given.context, "flag", say);
  if (url !== undefined && url !== "") {
    return {
      name: hostOf(url, say),
      source: "url",
      isReadOnly: false,
      isLogin: false,
      addresses: throughDoor(url, environment["KEELSON_TOKEN"]),
    };
  }
  const { name, source } = contextInUse(environment, given.folder, say);
  return named(environment, name, source, say);
}

/** The name of the context in use, without asking whether it is there. */
export function contextInUse(
  environment: Environment,
  folder: string,
  say: Context["say"],
): { readonly name: string; readonly source: ChoiceSource } {
  const wanted = environment["KEELSON_CONTEXT"];
  if (wanted !== undefined && wanted !== "") return { name: wanted, source: "environment" };
  if (environment["KEELSON_DATA_DIR"] !== undefined) return { name: localContext, source: "dataDir" };
  const ofFolder = contextOfFolder(folder);
  if (ofFolder !== undefined) return { name: ofFolder, source: "folder" };
  const { current } = readConfig(environment, say);
  return current === undefined
    ? { name: localContext, source: "default" }
    : { name: current, source: "current" };
}

function named(
  environment: Environment,
  name: string,
  source: ChoiceSource,
  say: Context["say"],
): ClusterChoice {
  if (name === localContext) return onThis(environment, source, say);
  const { contexts } = readConfig(environment, say);
  const found = contexts.get(name);
  if (found === undefined) {
    const near = meant(similar(name, [...contexts.keys(), localContext]));
    throw new CommandFailed(say("context.unknown", { name, ...near }), exitCodes.notFound);
  }
  return {
    name,
    source,
    isReadOnly: found.isReadOnly,
    isLogin: found.user !== undefined && environment["KEELSON_TOKEN"] === undefined,
    ...(found.colour === undefined ? {} : { colour: found.colour }),
    addresses: throughDoor(found.url, environment["KEELSON_TOKEN"] ?? found.token),
  };
}

function onThis(environment: Environment, source: ChoiceSource, say: Context["say"]): ClusterChoice {
  const dataDir = localDataDir(environment);
  const local = readLocalCluster(dataDir);
  if (local === undefined) throw new CommandFailed(say("cli.noCluster", { dataDir }), exitCodes.unreachable);
  const door = { url: `http://127.0.0.1:${local.door}`, token: local.token };
  return {
    name: localContext,
    source,
    isReadOnly: false,
    isLogin: false,
    addresses: onThisMachine(local.services, door, localCaller(dataDir)),
  };
}

/** Who asks on this machine. Undefined for somebody who may not read the cluster's secrets. */
function localCaller(dataDir: string): { readonly user: string; readonly secret: string } | undefined {
  try {
    const secret = readFileSync(join(dataDir, "secrets", "door"), "utf8");
    return { secret, user: `${accountName()}@${hostname()}` };
  } catch {
    return undefined;
  }
}

/** An account without a name, as containers have them, is known by its number. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "");
  }
}

/** What `.keelson-context` of this folder, or the nearest above, says; only a name, never an address. */
function contextOfFolder(folder: string): string | undefined {
  for (let each = resolve(folder); ; each = dirname(each)) {
    try {
      const name = readFileSync(join(each, folderFile), "utf8").trim();
      return contextNamePattern.test(name) ? name : undefined;
    } catch {
      // Not there, or not ours to read: the one above may say.
    }
    if (dirname(each) === each) return undefined;
  }
}

function hostOf(url: string, say: Context["say"]): string {
  try {
    const { protocol, host } = new URL(url);
    if (protocol === "http:" || protocol === "https:") return host;
  } catch {
    // Said below.
  }
  throw new CommandFailed(say("config.badUrl", { url }), exitCodes.usage);
}
