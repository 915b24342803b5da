/**
 * A deployment in the way of a change: who deploys what since when, and the three ways on — wait for it, replace it, or
 * give the change up. A terminal is asked; elsewhere `--on-lock` says it beforehand.
 */
import { RequestFailed } from "#clients/client/cluster.ts";
import { listDeployments } from "#contracts/services/own-endpoints.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { Input } from "./command-line/input.ts";
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { span } from "./output/table.ts";
import { pause } from "./pause.ts";

export interface Holder {
  readonly deploymentId: string;
  readonly services: readonly string[];
  readonly user?: string | undefined;
  /** ms UTC */
  readonly since?: number | undefined;
}

type Choice = "wait" | "replace" | "cancel";

const pollIntervalMs = 250;

/** Does it; when a deployment is in the way, as the person chooses. Throws `CommandFailed` (refused) when given up. */
export async function withLock<Result>(
  context: Context,
  input: Input,
  attempt: (options: { readonly force: boolean }) => Promise<Result>,
): Promise<Result> {
  for (let force = input.isOn("force") || input.text("on-lock") === "replace"; ; ) {
    try {
      return await attempt({ force });
    } catch (error) {
      const ids = lockedBy(error);
      if (ids === undefined || force) throw error;
      const holders = await describeHolders(context, ids);
      const choice = await chooseOnLock(context, input, holders);
      if (choice === "replace") force = true;
      if (choice === "wait") await waitForHolders(context, holders);
    }
  }
}

/** Ids of the deployments that a refusal names; `undefined` when it is another refusal. */
export function lockedBy(error: unknown): readonly string[] | undefined {
  if (error instanceof RequestFailed) {
    if (error.status !== 409 || !isJsonObject(error.body)) return undefined;
    const { deployments } = error.body;
    return Array.isArray(deployments) ? deployments.flatMap((each) => idOf(each, "id")) : undefined;
  }
  const details =
    typeof error === "object" && error !== null && "details" in error ? error.details : undefined;
  if (!isJsonObject(details)) return undefined;
  const holders = details["lockedBy"];
  const ids = Array.isArray(holders) ? holders.flatMap((each) => idOf(each, "deploymentId")) : [];
  // Nobody holds it: something else is in conflict, such as a plan that is no longer true.
  return ids.length === 0 ? undefined : ids;
}

const idOf = (value: unknown, field: string): readonly string[] => {
  const id = isJsonObject(value) ? value[field] : undefined;
  return typeof id === "string" ? [id] : [];
};

async function describeHolders(context: Context, ids: readonly string[]): Promise<readonly Holder[]> {
  const { items } = await context.connection.call("services", listDeployments, { query: { limit: 1_000 } });
  return ids.map((deploymentId) => {
    const found = items.find(({ id }) => id === deploymentId);
    return { deploymentId, services: found?.services ?? [], user: found?.user, since: found?.startedAt };
  });
}

/** What to do about deployments in the way. Throws `CommandFailed` when that is nothing. */
export async function chooseOnLock(
  context: Context,
  input: Input,
  holders: readonly Holder[],
): Promise<Exclude<Choice, "cancel">> {
  const { say, terminal } = context;
  const told = holders.map((holder) => `  ${holderText(context, holder)}`).join("\n");
  const given = input.text("on-lock");
  let choice: Choice | undefined =
    given === "wait" || given === "replace" || given === "cancel" ? given : undefined;
  if (choice === undefined && terminal.canAsk && !context.assumeYes) {
    context.warn(`${say("lock.held")}\n${told}`);
    choice = choiceOf(await terminal.ask(`${say("lock.question")} `));
  }
  if (choice === "wait" || choice === "replace") return choice;
  throw new CommandFailed(`${say("lock.held")}\n${told}\n${say("lock.ways")}`, exitCodes.refused);
}

function choiceOf(answer: string | undefined): Choice {
  const letter = answer?.trim().toLowerCase() ?? "";
  if (letter === "w" || letter === "wait" || letter === "1") return "wait";
  return letter === "r" || letter === "replace" || letter === "2" ? "replace" : "cancel";
}

/** Who deploys what since when. */
export function holderText({ say }: Context, { deploymentId, services, user, since }: Holder): string {
  return say("lock.holder", {
    deployment: deploymentId,
    services: services.join(", "),
    user: user ?? say("lock.somebody"),
    age: since === undefined ? "-" : span(Date.now() - since),
  });
}

async function waitForHolders(context: Context, holders: readonly Holder[]): Promise<void> {
  context.note(context.say("lock.waiting"));
  const ids = new Set(holders.map(({ deploymentId }) => deploymentId));
  for (;;) {
    const { items } = await context.connection.call("services", listDeployments, { query: { limit: 1_000 } });
    if (!items.some(({ id, state }) => state === "running" && ids.has(id))) return;
    await pause(pollIntervalMs);
  }
}
