/** Checks of what is in the cluster: nodes, frameworks, deployments and services. */

import { request } from "#clients/client/cluster.ts";
import { listNodes, showIsolation, showUsage } from "#contracts/kernel/own-endpoints.ts";
import { listDeployments, listServices } from "#contracts/services/own-endpoints.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { Context } from "../context.ts";
import { span } from "../output/table.ts";
import { everyItem } from "../paging.ts";
import type { Found } from "./finding.ts";

/** A deployment that waits for longer than this is worth a look. */
const deploymentOldMs = 600_000;
/** Fuller than this, little more fits. */
const fullShare = 0.95;
const agentsAskedMax = 64;
const namedMax = 20;

export async function nodesAreActive(context: Context): Promise<readonly Found[]> {
  const { say } = context;
  const { items } = await everyItem(context, (query) =>
    context.connection.call("kernel", listNodes, { query }),
  );
  if (items.length === 0) return [{ result: "problem", message: say("node.none"), fix: "keelson up" }];
  const gone = items.filter(({ state }) => state !== "active");
  const full = items.filter(
    ({ used, total }) => used.cpus > total.cpus * fullShare || used.mem > total.mem * fullShare,
  );
  const found: Found[] = [
    ...gone.slice(0, namedMax).map(
      ({ hostname, id, state }): Found => ({
        result: "problem",
        message: say("doctor.nodes.gone", { host: hostname, id, state: say(`state.node.${state}`) }),
        fix: say("doctor.nodes.fixGone", { host: hostname }),
      }),
    ),
    ...full.slice(0, namedMax).map(
      ({ hostname, id }): Found => ({
        result: "warning",
        message: say("doctor.nodes.full", { host: hostname, id }),
        fix: "keelson top tasks",
      }),
    ),
  ];
  return found.length > 0
    ? found
    : [{ result: "ok", message: say("doctor.nodes.ok", { count: items.length }) }];
}

/** Agents are asked themselves: one may be known to the kernel and yet not be reached from here. */
export async function agentsAnswer(context: Context): Promise<readonly Found[]> {
  const { say, cluster } = context;
  const { items } = await everyItem(context, (query) =>
    context.connection.call("kernel", listNodes, { query }),
  );
  const asked = items.slice(0, agentsAskedMax).map(async (node): Promise<readonly Found[]> => {
    const agent = cluster.agent(node.id, node.url);
    const usage = await context.connection.call({ agent }, showUsage).catch(() => undefined);
    if (usage === undefined && !(await answers(context, agent)))
      return [
        {
          result: "problem",
          message: say("doctor.agents.silent", { host: node.hostname, url: agent }),
          fix: say("doctor.nodes.fixGone", { host: node.hostname }),
        },
      ];
    if (usage === undefined) return [];
    const isFull = usage.diskTotalBytes > 0 && usage.diskUsedBytes > usage.diskTotalBytes * fullShare;
    return isFull
      ? [
          {
            result: "problem",
            message: say("doctor.agents.diskFull", { host: node.hostname }),
            fix: say("doctor.disk.fix"),
          },
        ]
      : [];
  });
  const found = (await Promise.all(asked)).flat();
  return found.length > 0
    ? found
    : [{ result: "ok", message: say("doctor.agents.ok", { count: asked.length }) }];
}

const answers = (context: Context, agent: string): Promise<boolean> =>
  context.connection.call({ agent }, showIsolation).then(
    () => true,
    () => false,
  );

export async function frameworksConnected(context: Context): Promise<readonly Found[]> {
  const { cluster, say } = context;
  const { body } = await request(cluster, `${cluster.kernel}/frameworks`);
  const frameworks = isJsonObject(body) && Array.isArray(body["frameworks"]) ? body["frameworks"] : [];
  const apart = frameworks.filter((each) => isJsonObject(each) && each["active"] === false);
  if (apart.length === 0)
    return [{ result: "ok", message: say("doctor.frameworks.ok", { count: frameworks.length }) }];
  return apart.slice(0, namedMax).map((each) => ({
    result: "problem",
    message: say("doctor.frameworks.apart", { name: isJsonObject(each) ? String(each["name"]) : "" }),
    fix: say("doctor.frameworks.fix"),
  }));
}

export async function deploymentsMove(context: Context): Promise<readonly Found[]> {
  const { say, language } = context;
  const { items } = await context.connection.call("services", listDeployments, {
    query: { limit: 1_000, language },
  });
  const running = items.filter(({ state }) => state === "running");
  const now = Date.now();
  const old = running.filter(({ startedAt }) => now - startedAt > deploymentOldMs);
  if (old.length === 0)
    return [{ result: "ok", message: say("doctor.deployments.ok", { count: running.length }) }];
  return old.slice(0, namedMax).map(({ id, services, startedAt, reason }) => ({
    result: "problem",
    message: say("doctor.deployments.old", {
      id,
      services: services.join(", "),
      age: span(now - startedAt),
      reason: reason?.message ?? "-",
    }),
    fix: `keelson why ${services[0] ?? id}`,
  }));
}

export async function servicesAreWell(context: Context): Promise<readonly Found[]> {
  const { say, language } = context;
  const { items } = await everyItem(context, (query) =>
    context.connection.call("services", listServices, { query: { ...query, language } }),
  );
  const troubled = items.filter(
    ({ status }) => status === "waiting" || status === "failing" || status === "unhealthy",
  );
  if (troubled.length === 0)
    return [{ result: "ok", message: say("doctor.services.ok", { count: items.length }) }];
  return troubled.slice(0, namedMax).map(({ id, reason, status }) => ({
    result: "problem",
    message: `${id}: ${reason?.message ?? say(`state.service.${status}`)}`,
    fix: reason?.remedy ?? `keelson why ${id}`,
  }));
}
