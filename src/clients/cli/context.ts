/** What every command works with: the cluster, the language, and how it prints. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClusterAddresses, onThisMachine, throughDoor } from "#clients/client/cluster.ts";
import {
  type Language,
  type MessageKey,
  type MessageParameters,
  text,
} from "#contracts/messages/messages.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Something the person can mend: printed as a sentence, without a stack trace. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

export interface Context {
  readonly language: Language;
  readonly json: boolean;
  readonly cluster: ClusterAddresses;
  readonly dataDir: string;
  say(key: MessageKey, parameters?: MessageParameters): string;
  print(line: string): void;
  /** For people only: progress and hints, on stderr. */
  note(line: string): void;
}

/** The part of `up.json` that the command line reads. */
export interface LocalCluster {
  readonly services: Readonly<Record<string, string>>;
  readonly door: number;
  readonly pids: Readonly<Record<string, number>>;
  readonly startTicks: Readonly<Record<string, string>>;
  readonly supervisor: { readonly pid: number; readonly startTicks: string };
}

export function localDataDir(environment: Readonly<Record<string, string | undefined>>): string {
  return resolve(environment["KEELSON_DATA_DIR"] ?? join(root, ".keelson"));
}

export function readLocalCluster(dataDir: string): LocalCluster | undefined {
  const path = join(dataDir, "secrets", "up.json");
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8")) as LocalCluster;
}

export function createContext(
  environment: Readonly<Record<string, string | undefined>>,
  language: Language,
  json: boolean,
): Context {
  const dataDir = localDataDir(environment);
  return {
    language,
    json,
    dataDir,
    cluster: addresses(environment, dataDir, language),
    say: (key, parameters) => text(language, key, parameters),
    print: (line) => console.log(line),
    note: (line) => {
      if (!json) console.error(line);
    },
  };
}

function addresses(
  environment: Readonly<Record<string, string | undefined>>,
  dataDir: string,
  language: Language,
): ClusterAddresses {
  const url = environment["KEELSON_URL"];
  if (url !== undefined) return throughDoor(url, environment["KEELSON_TOKEN"]);
  const local = readLocalCluster(dataDir);
  if (local === undefined) throw new CommandFailed(text(language, "cli.noCluster", { dataDir }));
  return onThisMachine(local.services);
}
