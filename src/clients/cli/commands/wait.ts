/** `keelson wait`: until a service is healthy, its deployment over, or it is gone; 124 when that takes too long. */

import { getApp, servicePath } from "#clients/client/services.ts";
import { explainWhy, listDeployments } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { failureReport } from "../failure-report.ts";
import { isNotFound } from "../naming.ts";
import { span } from "../output/table.ts";
import { pause } from "../pause.ts";
import { noSuchService } from "../services.ts";

const pollMs = 250;
const defaultTimeoutMs = 300_000;

export async function wait(context: Context, input: Input): Promise<ExitCode> {
  const id = servicePath(input.word(0));
  const state = input.text("for") ?? "healthy";
  const timeoutMs = input.durationMs("timeout") ?? defaultTimeoutMs;
  const started = Date.now();
  const isReached = { healthy: isHealthy, deployed: isDeployed, gone: isGone }[state] ?? isHealthy;
  while (!(await isReached(context, id))) {
    if (Date.now() - started > timeoutMs) return await tooLate(context, id, state, timeoutMs);
    await pause(pollMs);
  }
  await context.result({
    text: context.say("wait.reached", {
      name: id,
      state: context.say(stateKey(state)),
      after: span(Date.now() - started),
    }),
    data: { id, state, isReached: true, afterMs: Date.now() - started },
    name: id,
  });
  return exitCodes.ok;
}

const stateKey = (state: string): "wait.healthy" | "wait.deployed" | "wait.gone" =>
  state === "gone" ? "wait.gone" : state === "deployed" ? "wait.deployed" : "wait.healthy";

async function tooLate(context: Context, id: string, state: string, timeoutMs: number): Promise<ExitCode> {
  const reason =
    state === "gone"
      ? undefined
      : (
          await context.connection
            .call("services", explainWhy, { query: { name: id, language: context.language } })
            .catch(() => undefined)
        )?.reasons[0];
  const report = await failureReport(context, id, reason);
  const text = context.say("wait.tooLate", {
    name: id,
    state: context.say(stateKey(state)),
    after: span(timeoutMs),
  });
  if (context.json)
    await context.result({ text, data: { id, state, isReached: false, ...report.data }, name: id });
  context.warn(`${text}\n${report.text}`);
  return exitCodes.timeout;
}

/** All that are wished run and none is unhealthy. */
async function isHealthy(context: Context, name: string): Promise<boolean> {
  try {
    return (await context.connection.call("services", explainWhy, { query: { name } })).isAsWished;
  } catch (error) {
    throw isNotFound(error) ? await noSuchService(context, name) : error;
  }
}

async function isDeployed(context: Context, service: string): Promise<boolean> {
  const { items } = await context.connection.call("services", listDeployments, {
    query: { service, limit: 1_000 },
  });
  return items.every(({ state }) => state !== "running");
}

/** Not there any more, and nothing of it runs. */
async function isGone(context: Context, service: string): Promise<boolean> {
  try {
    await getApp(context.cluster, service);
    return false;
  } catch (error) {
    if (isNotFound(error)) return await isDeployed(context, service);
    throw error;
  }
}
