/** What `plan` and `apply` are given: definitions, what to remove, and perhaps a plan that was looked at before. */
import { readFileSync, writeFileSync } from "node:fs";
import { servicePath } from "#clients/client/services.ts";
import type { JobPlan } from "#contracts/jobs/own-endpoints.ts";
import type { Plan } from "#contracts/services/plan.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import type { Input } from "./command-line/input.ts";
import { UsageError } from "./command-line/parse.ts";
import { CommandFailed, type Context } from "./context.ts";
import { readDefinitions } from "./definition-file.ts";
import { exitCodes } from "./exit-codes.ts";
import { partJobs } from "./job-plan.ts";

export interface ChangeSet {
  readonly definitions: JsonObject[];
  readonly pruneGroup?: string;
  readonly removals?: string[];
  readonly force?: boolean;
}

/** From the flags; throws `UsageError` when there is nothing to change. */
export function changeSetOf(context: Context, input: Input): ChangeSet {
  const files = input.all("file");
  const removals = input.all("remove").map(servicePath);
  const pruneGroup = input.text("prune");
  if (files.length === 0 && removals.length === 0) throw new UsageError("apply.nothing", {}, input.path);
  return {
    definitions: [...readDefinitions(context, files)],
    ...(pruneGroup === undefined ? {} : { pruneGroup: servicePath(pruneGroup) }),
    ...(removals.length === 0 ? {} : { removals }),
  };
}

/** Definitions of jobs go their own way; what is left may be nothing. */
export function withoutJobs(given: ChangeSet): {
  readonly jobs: readonly JsonObject[];
  /** Undefined: nothing but jobs was given. */
  readonly changeSet: ChangeSet | undefined;
} {
  const { jobs, services } = partJobs(given.definitions);
  const isEmpty = services.length === 0 && given.removals === undefined && given.pruneGroup === undefined;
  return {
    jobs,
    changeSet: isEmpty && jobs.length > 0 ? undefined : { ...given, definitions: [...services] },
  };
}

const planVersion = 1;

/** A plan with the definitions it was made from, so that it can be applied as it was looked at. */
export interface SavedPlan {
  /** Of services, when there is something of them to plan. */
  readonly plan?: Plan;
  readonly jobs?: readonly JobPlan[];
  readonly changeSet: ChangeSet;
}

export function savePlan({ say }: Context, path: string, saved: SavedPlan): void {
  try {
    writeFileSync(path, `${JSON.stringify({ version: planVersion, ...saved }, undefined, 2)}\n`, {
      mode: 0o600,
    });
  } catch (error) {
    throw new CommandFailed(say("file.unwritable", { path, problem: errorMessage(error) }));
  }
}

/** Throws `CommandFailed` for a file that `plan --out` or `plan -o json` did not write. */
export function readPlan(
  { say }: Context,
  path: string,
): { readonly basis?: string; readonly jobs?: readonly JobPlan[]; readonly changeSet?: ChangeSet } {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CommandFailed(say("file.unreadable", { path, problem: errorMessage(error) }), exitCodes.usage);
  }
  const saved = isJsonObject(value) ? value : {};
  const plan = isJsonObject(saved["plan"]) ? saved["plan"] : saved;
  const { basis, jobs } = { basis: plan["basis"], jobs: saved["jobs"] };
  if (typeof basis !== "string" && !Array.isArray(jobs))
    throw new CommandFailed(say("plan.notAPlan", { path }), exitCodes.usage);
  const changeSet = saved["changeSet"];
  return {
    ...(typeof basis === "string" ? { basis } : {}),
    // Written by this command.
    ...(Array.isArray(jobs) ? { jobs: jobs as unknown as readonly JobPlan[] } : {}),
    ...(isJsonObject(changeSet) && Array.isArray(changeSet["definitions"])
      ? { changeSet: changeSet as unknown as ChangeSet }
      : {}),
  };
}
