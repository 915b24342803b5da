/** Checks of this machine: the program, its surroundings, its configuration, and whether a cluster answers. */
import { statfsSync, statSync } from "node:fs";
import { RequestFailed, request, throughDoor } from "#clients/client/cluster.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { localProcesses } from "../commands/status.ts";
import { readLocalCluster } from "../config/choose-cluster.ts";
import { configPath, readConfig } from "../config/config-file.ts";
import { expiryOf } from "../config/token-expiry.ts";
import type { Context } from "../context.ts";
import { bytes, instant } from "../output/table.ts";
import type { Found } from "./finding.ts";

const nodeMajorMin = 24;
const diskFreeMin = 1_073_741_824;
const answerMs = 5_000;

export async function nodeVersion({ say }: Context): Promise<readonly Found[]> {
  const version = process.versions.node;
  const isOld = Number(version.split(".")[0]) < nodeMajorMin;
  return [
    isOld
      ? { result: "problem", message: say("doctor.node.old", { version }), fix: say("doctor.node.fix") }
      : { result: "ok", message: say("doctor.node.ok", { version }) },
  ];
}

/** Variables that contradict each other, or that this program can't make sense of. */
export async function environmentSensible({ environment, say }: Context): Promise<readonly Found[]> {
  const found: Found[] = [];
  const url = environment["KEELSON_URL"];
  if (url !== undefined && !URL.canParse(url))
    found.push({
      result: "problem",
      message: say("config.badUrl", { url }),
      fix: say("doctor.environment.fixUrl"),
    });
  if (url !== undefined && environment["KEELSON_CONTEXT"] !== undefined)
    found.push({
      result: "warning",
      message: say("doctor.environment.both"),
      fix: say("doctor.environment.fixBoth"),
    });
  if (environment["KEELSON_TOKEN"] !== undefined && /\s/.test(environment["KEELSON_TOKEN"]))
    found.push({
      result: "problem",
      message: say("doctor.environment.token"),
      fix: say("doctor.environment.fixToken"),
    });
  return found.length > 0 ? found : [{ result: "ok", message: say("doctor.environment.ok") }];
}

export async function configurationReadable({ environment, say }: Context): Promise<readonly Found[]> {
  const path = configPath(environment);
  const { contexts, current } = readConfig(environment, say);
  let mode: number;
  try {
    mode = statSync(path).mode & 0o777;
  } catch {
    return [{ result: "ok", message: say("doctor.config.none", { path }) }];
  }
  const found: Found[] = [];
  if ((mode & 0o077) !== 0)
    found.push({ result: "problem", message: say("doctor.config.open", { path }), fix: `chmod 600 ${path}` });
  if (current !== undefined && current !== "local" && !contexts.has(current))
    found.push({
      result: "problem",
      message: say("doctor.config.current", { name: current }),
      fix: "keelson context use NAME",
    });
  return found.length > 0
    ? found
    : [{ result: "ok", message: say("doctor.config.ok", { path, count: contexts.size }) }];
}

export async function tokenLasts(context: Context): Promise<readonly Found[]> {
  const { say } = context;
  const expiry = expiryOf(context.cluster.token, Date.now(), context.choice);
  if (expiry === undefined) return [{ result: "ok", message: say("doctor.token.endless") }];
  const at = instant(expiry.at);
  if (expiry.isOver)
    return [{ result: "problem", message: say("doctor.token.over", { at }), fix: "keelson login" }];
  return [
    expiry.isNear
      ? { result: "warning", message: say("doctor.token.near", { at }), fix: "keelson login" }
      : { result: "ok", message: say("doctor.token.ok", { at }) },
  ];
}

/** Room below the data directory of a cluster on this machine. */
export async function definitionSpace({ dataDir, say, choice }: Context): Promise<readonly Found[]> {
  if (choice.name !== "local") return [{ result: "skipped", message: say("doctor.elsewhere") }];
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  return [
    free < diskFreeMin
      ? {
          result: "problem",
          message: say("doctor.disk.full", { free: bytes(free), path: dataDir }),
          fix: say("doctor.disk.fix"),
        }
      : { result: "ok", message: say("doctor.disk.ok", { free: bytes(free) }) },
  ];
}

export async function processesRun({ dataDir, say, choice }: Context): Promise<readonly Found[]> {
  if (choice.name !== "local") return [{ result: "skipped", message: say("doctor.elsewhere") }];
  const local = readLocalCluster(dataDir);
  if (local === undefined)
    return [{ result: "problem", message: say("cli.noCluster", { dataDir }), fix: "keelson up" }];
  const ended = localProcesses(dataDir).filter(({ running }) => !running);
  if (ended.length === 0)
    return [{ result: "ok", message: say("doctor.processes.ok", { count: Object.keys(local.pids).length }) }];
  return ended.map(({ name, pid }) => ({
    result: "problem",
    message: say("doctor.processes.ended", { name, pid }),
    fix: say("doctor.processes.fix", { log: `${dataDir}/logs/${name}.log` }),
  }));
}

export async function clusterAnswers(context: Context): Promise<readonly Found[]> {
  const { cluster, say } = context;
  const sides = [
    ["kernel", `${cluster.kernel}/version`],
    ["services", `${cluster.services}/v2/info`],
  ] as const;
  return await Promise.all(
    sides.map(async ([name, url]): Promise<Found> => {
      try {
        await request(cluster, url, { timeoutMs: answerMs });
        return { result: "ok", message: say("doctor.cluster.ok", { name, url }) };
      } catch (error) {
        return {
          result: "problem",
          message: say("doctor.cluster.silent", { name, url, problem: errorMessage(error) }),
          fix: "keelson up",
        };
      }
    }),
  );
}

export async function doorAnswers({ cluster, say }: Context): Promise<readonly Found[]> {
  const { door } = cluster;
  if (door === undefined) return [{ result: "skipped", message: say("open.noDoor") }];
  try {
    const asked = throughDoor(door.url, door.token);
    await request(asked, `${door.url}/mesos/version`, { timeoutMs: answerMs });
    return [{ result: "ok", message: say("doctor.cluster.ok", { name: "door", url: door.url }) }];
  } catch (error) {
    const problem = errorMessage(error);
    return [
      {
        result: "problem",
        message: say("doctor.cluster.silent", { name: "door", url: door.url, problem }),
        fix: error instanceof RequestFailed && error.status === 0 ? "keelson up" : "keelson login",
      },
    ];
  }
}
