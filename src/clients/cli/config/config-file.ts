/**
 * The clusters a person works with: `$KEELSON_CONFIG`, or `~/.keelson/config.toml`. It holds tokens, so it is the
 * person's alone (0600). Everything works without it, also where the home directory can't be written to.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parse, stringify } from "smol-toml";
import { errorMessage } from "#foundation/base/errors.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { CommandFailed, type Context, type Environment } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { makeFolder } from "./make-folder.ts";

export const contextColours = ["red", "green", "yellow", "blue", "magenta", "cyan"] as const;
export type ContextColour = (typeof contextColours)[number];

export interface ClusterContext {
  /** Of the door. */
  readonly url: string;
  readonly token?: string;
  /** uid the token was made for, for `logout` and prompts. */
  readonly user?: string;
  /** Changes are refused here, before anything is asked of the cluster. */
  readonly isReadOnly: boolean;
  /** Of its name in questions. */
  readonly colour?: ContextColour;
}

export interface Config {
  readonly current?: string;
  readonly contexts: ReadonlyMap<string, ClusterContext>;
}

const version = 1;
export const contextNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export const configPath = (environment: Environment): string =>
  resolve(environment["KEELSON_CONFIG"] ?? join(environment["HOME"] ?? homedir(), ".keelson", "config.toml"));

/** What the file says; no file is an empty configuration. Throws `CommandFailed` for one that can't be read. */
export function readConfig(environment: Environment, say: Context["say"]): Config {
  const path = configPath(environment);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return { contexts: new Map() };
    throw new CommandFailed(say("config.unreadable", { path, problem: errorMessage(error) }));
  }
  try {
    return fromToml(parse(text));
  } catch (error) {
    throw new CommandFailed(
      say("config.unreadable", { path, problem: errorMessage(error) }),
      exitCodes.usage,
    );
  }
}

function fromToml(value: unknown): Config {
  const document = value as Readonly<Record<string, unknown>>;
  if (typeof document["version"] === "number" && document["version"] > version)
    throw new Error(`version ${document["version"]} is newer than this program`);
  const given = document["contexts"];
  const contexts = new Map<string, ClusterContext>();
  for (const [name, entry] of Object.entries(isTable(given) ? given : {})) {
    if (!isTable(entry) || typeof entry["url"] !== "string") throw new Error(`[contexts.${name}] has no url`);
    const colour = contextColours.find((one) => one === entry["colour"]);
    contexts.set(name, {
      url: entry["url"],
      isReadOnly: entry["read-only"] === true,
      ...(typeof entry["token"] === "string" ? { token: entry["token"] } : {}),
      ...(typeof entry["user"] === "string" ? { user: entry["user"] } : {}),
      ...(colour === undefined ? {} : { colour }),
    });
  }
  const current = document["current"];
  return { contexts, ...(typeof current === "string" ? { current } : {}) };
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isJsonObject(value as never) && !(value instanceof Date);

/** Writes it whole, by rename. Throws `CommandFailed` where it can't be written. */
export function writeConfig(environment: Environment, say: Context["say"], config: Config): void {
  const path = configPath(environment);
  const contexts = Object.fromEntries(
    [...config.contexts].map(([name, { url, token, user, isReadOnly, colour }]) => [
      name,
      {
        url,
        ...(token === undefined ? {} : { token }),
        ...(user === undefined ? {} : { user }),
        ...(isReadOnly ? { "read-only": true } : {}),
        ...(colour === undefined ? {} : { colour }),
      },
    ]),
  );
  const text = stringify({
    version,
    ...(config.current === undefined ? {} : { current: config.current }),
    contexts,
  });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(path));
    writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw new CommandFailed(say("config.unwritable", { path, problem: errorMessage(error) }));
  }
}

/** What can't be removed was not written either. */
function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder itself is not there.
  }
}
