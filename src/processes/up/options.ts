/** The options of `keelson up`, which are the same as those after `npm start --`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BroughtAddresses, broughtParts } from "#contracts/brought-parts.ts";
import { type Demand, demands } from "#contracts/identity.ts";
import type { SecurityOptions } from "#foundation/access/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { parseZooKeeperUrl, zooKeeperPlaces } from "#foundation/election/zookeeper-url.ts";
import type { PortSpan } from "./ports.ts";

export interface UpOptions {
  readonly dataDir: string;
  /** Of the door; undefined: the default, or the next free block. */
  readonly port: number | undefined;
  /** Added to every port but the door's; undefined: 0, or the next free block. */
  readonly portOffset: number | undefined;
  /** What tasks get, where the data directory is new; undefined: 31000 to 32000, or those of the block. */
  readonly taskPorts: PortSpan | undefined;
  readonly agents: number;
  readonly security: SecurityOptions;
  /** Mesos' flags by their names, as the files have them; of agents for all alike, or a list with those of each. */
  readonly masterFlags: JsonValue | undefined;
  readonly agentFlags: JsonValue | undefined;
  /** Marathon's. */
  readonly servicesFlags: JsonValue | undefined;
  readonly parts: BroughtAddresses;
  /** Where masters, services and jobs stand for election, below it; undefined: they are the only ones. */
  readonly zk: string | undefined;
  /** Of each service, and of the tree of groups; undefined: the default. */
  readonly maxVersions: number | undefined;
  /** Percent of a service's instances that may be away because their health check failed. */
  readonly healthKillsMaxPercent: number | undefined;
  readonly detach: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

export const agentsMax = 64;

/** Each option once: what the parser reads and what `--help` prints. */
export const upFlags = [
  { name: "data-dir", value: "DIR", help: "up.flag.dataDir" },
  { name: "port", value: "N", help: "up.flag.port" },
  { name: "port-offset", value: "N", help: "up.flag.portOffset" },
  { name: "task-ports", value: "A-B", help: "up.flag.taskPorts" },
  { name: "agents", value: "N", help: "up.flag.agents" },
  { name: "master-flags", value: "FILE", help: "up.flag.masterFlags" },
  { name: "agent-flags", value: "FILE", help: "up.flag.agentFlags" },
  { name: "services-flags", value: "FILE", help: "up.flag.servicesFlags" },
  { name: "zk", value: "ZK", help: "up.flag.zk" },
  { name: "acls", value: "FILE", help: "up.flag.acls" },
  { name: "credentials", value: "FILE", help: "up.flag.credentials" },
  { name: "authenticate", value: "LIST", help: "up.flag.authenticate" },
  { name: "strict", value: undefined, help: "up.flag.strict" },
  { name: "max-versions", value: "N", help: "up.flag.maxVersions" },
  { name: "part", value: "LIST", help: "up.flag.part" },
  { name: "health-kills-max", value: "PERCENT", help: "up.flag.healthKillsMax" },
  { name: "detach", value: undefined, help: "up.flag.detach" },
  { name: "json", value: undefined, help: "up.flag.json" },
  { name: "help", value: undefined, help: "up.flag.help" },
] as const;

export class BadOption extends Error {
  override readonly name = "BadOption";
}

/** Throws `BadOption` with a sentence that names the option. */
export function parseUpOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): UpOptions {
  const values = parseValues(args);
  const agents = integer(values["agents"], { name: "--agents", min: 1, max: agentsMax }) ?? 2;
  return {
    dataDir: dataDirOf(values["data-dir"], environment, root),
    port: integer(values["port"], { name: "--port", min: 1, max: 65_535 }),
    portOffset: integer(values["port-offset"], { name: "--port-offset", min: 0, max: 60_000 }),
    taskPorts: portSpan(values["task-ports"], "--task-ports"),
    agents,
    security: securityOf(values),
    masterFlags: jsonFile(values["master-flags"], "--master-flags"),
    agentFlags: agentFlagsOf(values["agent-flags"], agents),
    servicesFlags: jsonFile(values["services-flags"], "--services-flags"),
    zk: zkOf(values["zk"]),
    parts: partsOf(values["part"]),
    maxVersions: integer(values["max-versions"], { name: "--max-versions", min: 1, max: 10_000 }),
    healthKillsMaxPercent: integer(values["health-kills-max"], {
      name: "--health-kills-max",
      min: 1,
      max: 100,
    }),
    detach: values["detach"] === true,
    json: values["json"] === true,
    help: values["help"] === true,
  };
}

/** Where a cluster on this machine keeps its state: `--data-dir`, KEELSON_DATA_DIR, or `.keelson` in the clone. */
export function dataDirOf(
  given: string | boolean | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): string {
  return resolve(typeof given === "string" ? given : (environment["KEELSON_DATA_DIR"] ?? `${root}/.keelson`));
}

function zkOf(given: string | boolean | undefined): string | undefined {
  if (typeof given !== "string") return undefined;
  try {
    parseZooKeeperUrl(zooKeeperPlaces(given).masters, "--zk");
  } catch (error) {
    throw new BadOption(errorMessage(error));
  }
  return given;
}

function parseValues(args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  try {
    return parseArgs({
      args: [...args],
      options: Object.fromEntries(
        upFlags.map(({ name, value }) => [
          name,
          { type: value === undefined ? ("boolean" as const) : ("string" as const) },
        ]),
      ),
    }).values as Readonly<Record<string, string | boolean | undefined>>;
  } catch (error) {
    throw new BadOption(error instanceof Error ? error.message.split(". ")[0] : String(error));
  }
}

/** What is in the files is judged by those who need it: this process loads none of that. */
function securityOf(values: Readonly<Record<string, string | boolean | undefined>>): SecurityOptions {
  const acls = jsonFile(values["acls"], "--acls");
  const credentials = jsonFile(values["credentials"], "--credentials");
  const listed = values["authenticate"];
  const authenticate = typeof listed === "string" ? listed.split(",").map((each) => each.trim()) : [];
  for (const each of authenticate)
    if (!(demands as readonly string[]).includes(each))
      throw new BadOption(`--authenticate: "${each}" is none of ${demands.join(", ")}`);
  return {
    ...(acls === undefined ? {} : { acls }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(authenticate.length === 0 ? {} : { authenticate: authenticate as Demand[] }),
    ...(values["strict"] === true ? { strict: true } : {}),
  };
}

/** `mesos-dns=http://127.0.0.1:8123,net=…` */
function partsOf(given: string | boolean | undefined): BroughtAddresses {
  if (typeof given !== "string") return {};
  return Object.fromEntries(
    given.split(",").map((each): [string, string] => {
      const [name = "", address = ""] = each.trim().split("=", 2);
      if (!(broughtParts as readonly string[]).includes(name))
        throw new BadOption(`--part: "${name}" is none of ${broughtParts.join(", ")}`);
      if (!/^https?:\/\/[^/?#@\s]+$/.test(address) || !URL.canParse(address))
        throw new BadOption(
          `--part ${name}: wants an address such as http://127.0.0.1:8123, not "${address}"`,
        );
      return [name, address];
    }),
  );
}

function agentFlagsOf(path: string | boolean | undefined, agents: number): JsonValue | undefined {
  const flags = jsonFile(path, "--agent-flags");
  if (Array.isArray(flags) && flags.length > agents)
    throw new BadOption(
      `--agent-flags ${String(path)}: lists flags of ${flags.length} agents, but there are ${agents}; say --agents ${flags.length}`,
    );
  return flags;
}

function jsonFile(path: string | boolean | undefined, name: string): JsonValue | undefined {
  if (typeof path !== "string") return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as JsonValue;
  } catch (error) {
    throw new BadOption(`${name} ${path}: ${errorMessage(error)}`);
  }
}

function portSpan(given: string | boolean | undefined, name: string): PortSpan | undefined {
  if (typeof given !== "string") return undefined;
  const [, begin = 0, end = 0] = (/^(\d{1,5})-(\d{1,5})$/.exec(given) ?? []).map(Number);
  // As many as there may be agents: each gets at least one.
  if (begin >= 1 && end <= 65_535 && end - begin + 1 >= agentsMax) return { begin, end };
  throw new BadOption(`${name} wants at least ${agentsMax} ports, such as 31000-32000, not "${given}"`);
}

function integer(
  given: string | boolean | undefined,
  { name, min, max }: { readonly name: string; readonly min: number; readonly max: number },
): number | undefined {
  if (typeof given !== "string") return undefined;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= min && value <= max) return value;
  throw new BadOption(`${name} wants a whole number from ${min} to ${max}, not "${given}"`);
}
