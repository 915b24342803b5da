/** The calls that the pages of one service make, answered from a scenario. */
import { agentStreamPaths } from "#contracts/kernel/agent-streams.ts";
import { listEvidence, type TaskEvidence } from "#contracts/kernel/own-endpoints.ts";
import { type MergedLogRequest, mergedLogPath } from "#contracts/observe/merged-log.ts";
import {
  explainWhy,
  listDeployments,
  listInstances,
  planChange,
  rollbackService,
  showHistory,
} from "#contracts/services/own-endpoints.ts";
import { answers, type CallInput, type ScenarioCall } from "./scenario-calls.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { aDefinition, aHistory, logStream, mergedLogStream } from "./scenarios/service.ts";

const marathon = "/service/marathon";
const sandbox = "/var/lib/keelson/runs/c-1";

/** What agents answer is the same in every scenario; the rest where the scenario speaks of single services. */
export function serviceCallsOf(scenario: Scenario): readonly ScenarioCall[] {
  const { service, services, deployments } = scenario;
  if (service === undefined) return agentCalls;
  const named = (name: string | undefined) => services.find(({ id }) => id === name);
  return [
    answers(marathon, listInstances, ({ query }) => {
      const all = service.instances?.(query["service"] ?? "") ?? [];
      const items = all.filter(({ isActive }) => isActive || query["ended"] === "true");
      return { items, total: items.length };
    }),
    answers(marathon, explainWhy, ({ query }) => {
      const found = named(query["name"]);
      const reasons =
        service.reasons?.(query["name"] ?? "") ?? (found?.reason === undefined ? [] : [found.reason]);
      return {
        kind: "service" as const,
        id: query["name"] ?? "",
        isAsWished: reasons.length === 0,
        reasons: [...reasons],
      };
    }),
    answers(marathon, listDeployments, ({ query }) => {
      const items = deployments.filter(
        (deployment) => query["service"] === undefined || deployment.services.includes(query["service"]),
      );
      return { items: [...items], total: items.length };
    }),
    below(`${marathon}/keelson/v1${showHistory.path}`, "GET", ({ path }) => {
      const items = service.history?.(path) ?? aHistory;
      return { items: [...items], total: items.length };
    }),
    answers(marathon, planChange, () => service.plan),
    below(`${marathon}/keelson/v1${rollbackService.path}`, "POST", () => ({
      version: aHistory[0]?.version,
      plan: service.plan,
    })),
    {
      matches: (method, path) =>
        method === "GET" && /^\/service\/marathon\/v2\/apps\/.+\/versions\/[^/]+$/.test(path),
      answer: ({ path }) => {
        const [, id = "", version = ""] = /apps(\/.+)\/versions\/([^/]+)$/.exec(path) ?? [];
        return { status: 200, body: aDefinition(decodeURIComponent(id), decodeURIComponent(version)) };
      },
    },
    {
      matches: (_method, path) => path === `${marathon}/v2/info`,
      answer: () => ({ status: 200, body: { marathon_config: { mesos_role: "slave_public" } } }),
    },
    ...agentCalls,
  ];
}

/** An endpoint whose path ends in `{id...}`. */
function below(path: string, method: string, body: (input: CallInput) => unknown): ScenarioCall {
  const prefix = path.replace(/\{.*$/, "");
  return {
    matches: (asked, given) => asked === method && given.startsWith(prefix),
    answer: (input) => ({
      status: 200,
      body: body({ ...input, path: `/${input.path.slice(prefix.length)}` }),
    }),
  };
}

const anEvidence = (id: string): TaskEvidence => ({
  id,
  frameworkId: "f-1",
  executorId: id,
  containerId: "c-1",
  directory: sandbox,
  state: "TASK_RUNNING",
  isEnded: false,
  isOutOfMemory: false,
});

const aFile = (name: string, mode: string, size: number): object => ({
  path: `${sandbox}/${name}`,
  mode,
  size,
  mtime: 1_773_480_000,
  nlink: 1,
  uid: "nobody",
  gid: "nogroup",
});

const agentCalls: readonly ScenarioCall[] = [
  {
    matches: (_method, path) =>
      path.startsWith("/agent/") && path.endsWith(`/keelson/v1${listEvidence.path}`),
    answer: ({ query }) => ({
      status: 200,
      body: { items: [anEvidence(query["task"] ?? "")], total: 1, budgetBytes: 1, usedBytes: 0, keepMs: 1 },
    }),
  },
  {
    matches: (_method, path) => path.startsWith("/agent/") && path.includes(agentStreamPaths.log("")),
    answer: ({ path, query }) => ({
      status: 200,
      stream: logStream(
        path.split("/").at(-1) ?? "",
        query["file"] ?? "stdout",
        query["cursor"] !== undefined,
      ),
    }),
  },
  {
    matches: (method, path) => method === "POST" && path === mergedLogPath,
    answer: ({ body }) => ({ status: 200, stream: mergedLogStream(body as MergedLogRequest) }),
  },
  {
    matches: (_method, path) => path.startsWith("/agent/") && path.endsWith("/files/browse"),
    answer: () => ({
      status: 200,
      body: [
        aFile("site", "drwxr-xr-x", 4_096),
        aFile("stdout", "-rw-r--r--", 48_213),
        aFile("stderr", "-rw-r--r--", 64),
      ],
    }),
  },
  {
    matches: (_method, path) => path.startsWith("/agent/") && path.includes(agentStreamPaths.files("")),
    answer: () => ({ status: 200, stream: "the beginning of a file\n您好\n" }),
  },
];
