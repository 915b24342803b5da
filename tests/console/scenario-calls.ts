/** The calls that a scenario answers, each from the declaration of its endpoint. */

import type { BodyOf, Endpoint, ReplyOf } from "#contracts/endpoint.ts";
import type { ErrorCode } from "#contracts/errors.ts";
import { deactivateNode, drainNode, markNodeGone, reactivateNode } from "#contracts/kernel/node-endpoints.ts";
import {
  listNodes,
  listTasks,
  type NodeItem,
  showCapacity,
  type TaskItem,
} from "#contracts/kernel/own-endpoints.ts";
import { type AuditRecord, listAudit } from "#contracts/observe/audit.ts";
import {
  applyChange,
  type DeploymentItem,
  explainWhy,
  listDeployments,
  listInstances,
  listServices,
  planChange,
  type ServiceItem,
  showHistory,
} from "#contracts/services/own-endpoints.ts";
import type { LockHolder } from "#contracts/services/plan.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { type ListQuery, type ListShape, listWindow } from "#foundation/base/list-window.ts";
import { definitionOf, historyOf, instancesOf, planOf } from "./scenarios/one-service.ts";
import type { Scenario } from "./scenarios/scenario.ts";

export interface CallInput {
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly path: string;
}

export interface ScenarioCall {
  matches(method: string, path: string): boolean;
  /** `stream` is sent as it is, as an agent sends logs and files. */
  answer(input: CallInput): { readonly status: number; readonly body?: unknown; readonly stream?: string };
}

/** A declared endpoint of the daemon that the door has at `daemonPath`. */
export function answers<E extends Endpoint>(
  daemonPath: string,
  endpoint: E,
  answer: (input: CallInput) => ReplyOf<E>,
): ScenarioCall {
  // `{id...}` may hold slashes.
  const pattern = new RegExp(
    `^${daemonPath}/keelson/v1${endpoint.path.replace(/\{\w+\.\.\.\}/g, ".+").replace(/\{\w+\}/g, "[^/]+")}$`,
  );
  return {
    matches: (method, given) => method === endpoint.method && pattern.test(given),
    answer: (input) => ({ status: 200, body: answer(input) }),
  };
}

export function callsOf(scenario: Scenario): readonly ScenarioCall[] {
  const { services, nodes, tasks, deployments, audit, capacity } = scenario;
  return [
    answers("/service/marathon", listServices, ({ query }) => pageOf(services, query, serviceShape)),
    answers("/service/marathon", listDeployments, ({ query }) =>
      pageOf(
        deployments.filter(
          ({ services: ids }) => query["service"] === undefined || ids.includes(query["service"]),
        ),
        query,
        deploymentShape,
      ),
    ),
    answers("/service/marathon", explainWhy, ({ query }) => {
      const service = services.find(({ id }) => id === query["name"]);
      return {
        kind: "service" as const,
        id: query["name"] ?? "",
        isAsWished: service?.status === "running",
        ...(service === undefined ? {} : { status: service.status }),
        reasons: service?.reason === undefined ? [] : [service.reason],
      };
    }),
    answers("/service/marathon", listInstances, ({ query }) =>
      pageOf(
        instancesOf(query["service"] ?? "").filter(
          ({ endedAt }) => query["ended"] === "true" || endedAt === undefined,
        ),
        query,
        { words: ({ id }) => [id], fields: {} },
      ),
    ),
    answers("/service/marathon", showHistory, ({ query }) =>
      pageOf(historyOf(), query, { words: () => [], fields: {} }),
    ),
    answers("/service/marathon", planChange, ({ body }) =>
      planOf(body as BodyOf<typeof planChange>, lockOf(scenario)),
    ),
    answers("/service/marathon", applyChange, ({ body }) => ({
      deploymentId: "d-new",
      version: "2026-01-01T00:00:00.000Z",
      plan: planOf(body as BodyOf<typeof planChange>, undefined),
    })),
    {
      matches: (method, path) =>
        method === "GET" && /^\/service\/marathon\/v2\/apps\/.+\/versions\//.test(path),
      answer: ({ path }) => ({
        status: 200,
        body: definitionOf(path.replace("/service/marathon/v2/apps", "").replace(/\/versions\/.*$/, "")),
      }),
    },
    answers("/mesos", listNodes, ({ query }) => pageOf(nodes, query, nodeShape)),
    ...[drainNode, deactivateNode, reactivateNode, markNodeGone].map((endpoint) =>
      answers("/mesos", endpoint, ({ path }) => {
        const found = nodes.find(({ id }) => path.includes(`/${id}/`));
        if (found === undefined) throw new CodedError<ErrorCode>("Invalid", "there is no such node");
        return found;
      }),
    ),
    answers("/mesos", listTasks, ({ query }) =>
      pageOf(
        tasks.filter(
          ({ isEnded, agentId }) =>
            (query["ended"] === "true" || !isEnded) &&
            (query["node"] === undefined || agentId === query["node"]),
        ),
        query,
        taskShape,
      ),
    ),
    answers("/mesos", showCapacity, () => capacity),
    answers("", listAudit, ({ query }) =>
      pageOf(
        audit.filter(({ object }) => query["object"] === undefined || object === query["object"]),
        query,
        auditShape,
      ),
    ),
    {
      matches: (method, path) => method !== "GET" && path.startsWith("/service/marathon/"),
      answer: () => ({ status: 200, body: { deploymentId: "d-new", version: "2026-01-01T00:00:00.000Z" } }),
    },
  ];
}

function lockOf({ lockedBy, deployments }: Scenario): LockHolder | undefined {
  const deployment = deployments.find(({ id }) => id === lockedBy);
  if (deployment === undefined) return undefined;
  const { id, services, user, startedAt } = deployment;
  return { deploymentId: id, services, since: startedAt, ...(user === undefined ? {} : { user }) };
}

/** A window as a daemon answers it. */
export function pageOf<Item>(
  items: readonly Item[],
  query: Readonly<Record<string, string>>,
  shape: ListShape<Item>,
): { items: Item[]; total: number } {
  const { offset, limit, filter, sort } = query;
  const asked: ListQuery = {
    ...(offset === undefined ? {} : { offset: Number(offset) }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(filter === undefined ? {} : { filter }),
    ...(sort === undefined ? {} : { sort }),
  };
  const { items: window, total } = listWindow(items, asked, shape);
  return { items: [...window], total };
}

const serviceShape: ListShape<ServiceItem> = {
  words: ({ id, labels }) => [id, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)],
  fields: {
    id: ({ id }) => id,
    status: ({ status }) => status,
    instances: ({ instances }) => instances.wanted,
    cpus: ({ cpus }) => cpus,
    mem: ({ mem }) => mem,
    version: ({ version }) => version,
  },
  tieBreak: ({ id }) => id,
};
const nodeShape: ListShape<NodeItem> = {
  words: ({ id, hostname }) => [id, hostname],
  fields: {
    id: ({ id }) => id,
    hostname: ({ hostname }) => hostname,
    state: ({ state }) => state,
    tasks: ({ tasks }) => tasks,
    usedCpus: ({ used }) => used.cpus,
    usedMem: ({ used }) => used.mem,
  },
  tieBreak: ({ hostname }) => hostname,
};
const taskShape: ListShape<TaskItem> = {
  words: ({ id, name, hostname, frameworkName, state }) => [id, name, hostname, frameworkName, state],
  fields: {
    id: ({ id }) => id,
    state: ({ state }) => state,
    healthy: ({ healthy }) => healthy,
    hostname: ({ hostname }) => hostname,
    frameworkName: ({ frameworkName }) => frameworkName,
    cpus: ({ cpus }) => cpus,
    mem: ({ mem }) => mem,
    updatedAt: ({ updatedAt }) => updatedAt,
  },
  tieBreak: ({ id }) => id,
};
const deploymentShape: ListShape<DeploymentItem> = {
  words: ({ services, user }) => [...services, user ?? ""],
  fields: { id: ({ id }) => id, state: ({ state }) => state },
};
const auditShape: ListShape<AuditRecord> = {
  words: ({ object, user, action }) => [object, user, action],
  fields: { object: ({ object }) => object, user: ({ user }) => user },
};
