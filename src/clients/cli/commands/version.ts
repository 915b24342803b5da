/** `keelson version`: of this program, and of the cluster when one answers. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { request } from "#clients/client/cluster.ts";
import { showCapacity } from "#contracts/kernel/own-endpoints.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { Input } from "../command-line/input.ts";
import { CommandFailed, type Context } from "../context.ts";
import { pairs } from "../output/render.ts";
import type { View } from "../output/view.ts";

export async function version(context: Context, _input: Input): Promise<View> {
  const client = programVersion();
  const cluster = await clusterVersion(context);
  return {
    kind: "text",
    data: { client, node: process.versions.node, ...(cluster === undefined ? {} : { cluster }) },
    names: [client],
    text: () =>
      pairs(context, [
        ["column.program", `keelson ${client} (Node ${process.versions.node})`],
        [
          "column.cluster",
          cluster === undefined ? context.say("version.noCluster") : `${cluster.name} ${cluster.version}`,
        ],
      ]),
  };
}

export function programVersion(): string {
  const path = fileURLToPath(new URL("../../../../package.json", import.meta.url));
  const described: unknown = JSON.parse(readFileSync(path, "utf8"));
  return isJsonObject(described) ? String(described["version"]) : "";
}

/** `undefined` when there is no cluster or it does not answer: that is no failure of this command. */
async function clusterVersion(
  context: Context,
): Promise<{ readonly name: string; readonly version: string } | undefined> {
  try {
    const [capacity, { body }] = await Promise.all([
      context.connection.call("kernel", showCapacity),
      request(context.cluster, `${context.cluster.kernel}/version`, { timeoutMs: 5_000 }),
    ]);
    return { name: capacity.clusterName, version: isJsonObject(body) ? String(body["version"]) : "" };
  } catch (error) {
    if (error instanceof CommandFailed || error instanceof Error) return undefined;
    throw error;
  }
}
