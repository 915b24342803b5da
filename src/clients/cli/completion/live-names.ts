/** Names of what is in the cluster, for completion: asked for in a moment, or what was heard shortly before. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { People } from "#clients/client/people.ts";
import { fieldDocs } from "#contracts/docs/field-docs.ts";
import { listJobs } from "#contracts/jobs/own-endpoints.ts";
import { listFrameworks, listRoles } from "#contracts/kernel/allocation-endpoints.ts";
import { listNodes, listTasks } from "#contracts/kernel/own-endpoints.ts";
import { listDeployments, listServices } from "#contracts/services/own-endpoints.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { localContext } from "../config/choose-cluster.ts";
import { readConfig } from "../config/config-file.ts";
import { makeFolder } from "../config/make-folder.ts";
import type { Context } from "../context.ts";
import type { Offers } from "../registry/spec.ts";

/** Younger names are not asked for again. */
const freshMs = 5_000;
/** Somebody waits for the key they pressed. */
const deadlineMs = 1_000;
const namesMax = 1_000;

/** Sorted; empty when the cluster does not answer in time and nothing was heard before. */
export async function liveNames(context: Context, offers: Offers): Promise<readonly string[]> {
  if (offers === "shell" || offers === "command") return [];
  if (offers === "context")
    return [localContext, ...readConfig(context.environment, context.say).contexts.keys()];
  if (offers === "field") return fieldPaths(context);
  const cache = cachePath(context, offers);
  const kept = readKept(cache);
  if (kept !== undefined && Date.now() - kept.at < freshMs) return kept.names;
  const names = await inTime(ask(context, offers));
  if (names === undefined) return kept?.names ?? [];
  keep(cache, names);
  return names;
}

async function ask(
  { connection }: Context,
  offers: "service" | "job" | "task" | "node" | "role" | "framework" | "user" | "group" | "deployment",
): Promise<readonly string[]> {
  const query = { limit: namesMax };
  switch (offers) {
    case "service":
      return (await connection.call("services", listServices, { query })).items.map(({ id }) => id).sort();
    case "job":
      return (await connection.call("jobs", listJobs, { query })).items.map(({ id }) => id).sort();
    case "deployment":
      return (await connection.call("services", listDeployments, { query })).items.map(({ id }) => id).sort();
    case "task":
      return (await connection.call("kernel", listTasks, { query })).items.map(({ id }) => id).sort();
    case "role":
      return (await connection.call("kernel", listRoles, { query })).items.map(({ name }) => name).sort();
    case "framework":
      return (await connection.call("kernel", listFrameworks, { query })).items
        .map(({ name }) => name)
        .sort();
    case "user":
      return (await new People(connection).users()).map(({ uid }) => uid);
    case "group":
      return (await new People(connection).groups()).map(({ gid }) => gid);
    case "node":
      return (await connection.call("kernel", listNodes, { query })).items.map(({ id }) => id).sort();
  }
}

function fieldPaths({ language }: Context): readonly string[] {
  const paths: string[] = [];
  const walk = (docs: ReturnType<typeof fieldDocs>): void => {
    for (const { path, children } of docs) {
      paths.push(path);
      walk(children);
    }
  };
  walk(fieldDocs(language));
  return paths;
}

async function inTime<Result>(work: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), deadlineMs);
  });
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

function cachePath({ environment, choice }: Context, offers: Offers): string {
  const folder = environment["XDG_CACHE_HOME"] ?? join(environment["HOME"] ?? homedir(), ".cache");
  return join(
    folder,
    "keelson",
    `${encodeURIComponent(`${choice.name} ${choice.addresses.services}`)}.${offers}.json`,
  );
}

function readKept(path: string): { readonly at: number; readonly names: readonly string[] } | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!isJsonObject(value) || typeof value["at"] !== "number" || !Array.isArray(value["names"]))
      return undefined;
    return { at: value["at"], names: value["names"].filter((name) => typeof name === "string") };
  } catch {
    return undefined;
  }
}

/** Where nothing can be kept, it is asked for each time. */
function keep(path: string, names: readonly string[]): void {
  try {
    makeFolder(dirname(path));
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify({ at: Date.now(), names }), { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    // Read-only homes are fine.
  }
}
