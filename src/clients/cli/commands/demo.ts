/** `keelson demo`: a small web page of ours, as a service of the cluster. */
import { constants, statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { RequestFailed } from "#clients/client/cluster.ts";
import { createApp, deploymentOf, getApp } from "#clients/client/services.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { Input } from "../command-line/input.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { pause } from "../pause.ts";
import { concludeChange } from "../verdict.ts";

const demoId = "/demo";
const page = fileURLToPath(new URL("../../../../src/clients/cli/demo/server.mjs", import.meta.url));
const answerDeadlineMs = 10_000;

export async function demo(context: Context, input: Input): Promise<ExitCode> {
  const { cluster, say } = context;
  const started = performance.now();
  try {
    const answer = await createApp(cluster, definition());
    const deployment = deploymentOf(answer);
    if (deployment !== undefined) {
      const code = await concludeChange(context, input, { deployment, services: [demoId] });
      if (code !== exitCodes.ok) return code;
    }
  } catch (error) {
    // Running it a second time shows where it is.
    if (!(error instanceof RequestFailed) || error.status !== 409) throw error;
  }
  const url = await address(context);
  const status = await waitForPage(context, url);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  await context.result({
    text: say("demo.ready", { url, seconds, id: demoId }),
    data: { id: demoId, url, status, seconds: Number(seconds) },
    name: demoId,
  });
  return exitCodes.ok;
}

function definition(): JsonObject {
  return {
    id: demoId,
    // The page is fetched into the sandbox, and Node is this program's own: nothing is downloaded.
    cmd: `exec "${process.execPath}" server.mjs`,
    fetch: [{ uri: `file://${page}`, extract: false }],
    cpus: 0.1,
    mem: 64,
    ...(isReachableByAnyone(process.execPath) ? {} : { user: userInfo().username }),
    healthChecks: [
      {
        protocol: "HTTP",
        path: "/",
        portIndex: 0,
        gracePeriodSeconds: 10,
        intervalSeconds: 1,
        timeoutSeconds: 1,
      },
    ],
  };
}

/** Whether a task of another user could run this file: every folder on the way lets it through. */
function isReachableByAnyone(path: string): boolean {
  for (let folder = path; folder !== "/"; folder = dirname(folder)) {
    if ((statSync(folder).mode & constants.S_IXOTH) === 0) return false;
  }
  return true;
}

async function address({ cluster, say }: Context): Promise<string> {
  const task = (await getApp(cluster, demoId)).tasks?.find(({ ports }) => ports.length > 0);
  if (task === undefined) throw new CommandFailed(say("demo.notRunning", { id: demoId }));
  return `http://${task.host}:${task.ports[0]}/`;
}

async function waitForPage({ say }: Context, url: string): Promise<number> {
  const deadline = performance.now() + answerDeadlineMs;
  for (;;) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      await answer.arrayBuffer();
      return answer.status;
    } catch (error) {
      if (performance.now() > deadline)
        throw new CommandFailed(say("demo.noAnswer", { url, problem: String(error) }));
      await pause(25);
    }
  }
}
