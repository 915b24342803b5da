/** Every HTTP endpoint of the agent. Source: contract mesos.md sections 3.4 and 3.5. */

import { agentEndpoints } from "#contracts/kernel/endpoint-help.ts";
import { versionInfo } from "#contracts/kernel/mesos-version.ts";
import { listEvidence, listImagePulls, showIsolation, showUsage } from "#contracts/kernel/own-endpoints.ts";
import { listAudit } from "#contracts/observe/audit.ts";
import type { AuditLog } from "#foundation/audit/index.ts";
import {
  type Access,
  acceptWebSockets,
  addHelp,
  EndpointSet,
  empty,
  type Handler,
  type HttpServer,
  json,
  metricsSnapshotAnswer,
  systemMetrics,
  systemStats,
  text,
  toggleLogging,
  withJsonp,
} from "#foundation/http/index.ts";
import type { Metrics, Verbosity } from "#foundation/telemetry/index.ts";
import type { ContainerDriver, ImagePull } from "#kernel/containerizer/index.ts";
import { hasOwnContainer } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";
import { connectAnswer } from "./connect-socket.ts";
import { evidenceList } from "./evidence-list.ts";
import { execAnswer } from "./exec-socket.ts";
import type { ExecutorApi } from "./executor-api.ts";
import { type FilesOptions, filesHandlers } from "./files-routes.ts";
import { imagePullList, pullsByContainer } from "./image-pull-list.ts";
import { logHandler } from "./log-route.ts";
import { metricsDocument } from "./metrics-document.ts";
import { AgentOperatorApi } from "./operator/operator-api.ts";
import type { StandaloneContainers } from "./operator/standalone-containers.ts";
import type { AgentPermissions } from "./permissions.ts";
import type { RunEnds } from "./run-ends.ts";
import { Sessions } from "./sessions.ts";
import { type StateExtras, stateDocument } from "./state-document.ts";
import { addTaskFilesRoutes } from "./task-files-routes.ts";
import { UsageMeter } from "./usage.ts";

export interface RoutesOptions {
  readonly server: HttpServer;
  readonly view: () => AgentView;
  readonly driver: ContainerDriver;
  readonly executors: ExecutorApi;
  readonly standalone: StandaloneContainers;
  readonly files: FilesOptions;
  readonly permissions: AgentPermissions;
  readonly extras: StateExtras;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly ends: RunEnds;
  readonly verbosity: Verbosity;
  readonly audit: AuditLog;
  /** What the door proves itself with; without it nobody is believed to be anybody. */
  readonly doorSecret: string | undefined;
  /** Aborted when the agent ends: streams say so and close. */
  readonly ending: AbortSignal;
}

/** The actor's name in front of every path, as clients of Mesos call it. */
const prefixes = ["", "/slave(1)"] as const;

export function addRoutes(options: RoutesOptions): void {
  const { server, view, extras, metrics } = options;
  const files = filesHandlers(options.files);
  const usage = new UsageMeter({ ...options, workDir: options.files.workDir });
  const { permissions } = options;
  const names: string[] = [];
  const add = (method: string, path: string, handler: Handler, access: Access): void => {
    for (const prefix of prefixes) {
      server.route({ method, path: `${prefix}${path}`, handler, access });
      server.route({ method, path: `${prefix}${path}.json`, handler, access });
    }
  };
  const get = (path: string, handler: Handler, access: Access = "read"): void => {
    names.push(path);
    add("GET", path, withJsonp(handler), access);
  };
  /** One of the endpoints that Mesos names in its lists by their path. */
  const named = (path: string, handler: Handler): void =>
    get(path, permissions.guarded("get_endpoints", path, handler));
  get("/state", ({ principal }) => {
    const flags = permissions.may(principal, "view_flags") ? extras.flags : {};
    return json(stateDocument(permissions.visible(principal), { ...extras, flags }));
  });
  get("/health", () => empty(200), "open");
  get("/version", () => json(versionInfo), "open");
  get(
    "/flags",
    permissions.guarded("view_flags", undefined, () => json({ flags: extras.flags })),
  );
  named("/metrics/snapshot", ({ query }) => metricsSnapshotAnswer(query, () => snapshot(options)));
  named("/containers", async () => json(await statistics(usage, "containers")));
  named("/monitor/statistics", async () => json(await statistics(usage, "statistics")));
  get("/files/browse", files.browse);
  get("/files/read", files.read);
  get("/files/download", files.download);
  named("/files/debug", files.debug);
  const toggle: Handler = ({ query }) => toggleLogging(options.verbosity, query);
  named("/logging/toggle", toggle);
  add("POST", "/logging/toggle", permissions.guarded("get_endpoints", "/logging/toggle", toggle), "write");
  named("/containerizer/debug", async () =>
    json({ pending: pendingLaunches(view(), await options.driver.pulls()) }),
  );
  get("/system/stats", systemStats);
  const told = ["/api/v1", "/api/v1/executor", "/help", ...names];
  addHelp("slave(1)", new Map(told.map((name) => [name, agentEndpoints[name] ?? ""])), get);
  server.route({
    method: "GET",
    path: "/metrics",
    handler: async () => {
      const { contentType, body } = await metrics.expose();
      return text(body, 200, { "content-type": contentType });
    },
  });
  server.route({ method: "GET", path: "/keelson/v1/log/:taskId", handler: logHandler(options) });
  addTaskFilesRoutes(options);
  const sessions = new Sessions(options);
  acceptWebSockets(server, "/keelson/v1/connect", connectAnswer(options));
  acceptWebSockets(server, "/keelson/v1/exec", execAnswer({ ...options, sessions }));
  const operator = new AgentOperatorApi({
    ...options,
    sessions,
    usage,
    flags: extras.flags,
    metrics: () => snapshot(options),
  });
  new EndpointSet("Keelson agent")
    .add(showIsolation, () => {
      const { controllers, ...facts } = options.driver.isolation();
      return { ...facts, controllers: [...controllers] };
    })
    .add(showUsage, () => usage.usage())
    .add(listAudit, ({ query }) => options.audit.list(query))
    .add(listEvidence, ({ query }) => evidenceList(view(), query))
    .add(listImagePulls, async ({ query }) => imagePullList(view(), await options.driver.pulls(), query))
    .serveOn(server);
  for (const prefix of prefixes) {
    server.route({
      method: "POST",
      path: `${prefix}/api/v1`,
      streams: true,
      handler: (request) => operator.handle(request),
    });
    server.route({
      method: "POST",
      path: `${prefix}/api/v1/executor`,
      access: "executor",
      handler: (request) => options.executors.handle(request),
    });
  }
}

function snapshot({ view, driver, extras, now }: RoutesOptions): Readonly<Record<string, number>> {
  return metricsDocument(view(), {
    uptimeMs: now() - extras.startedAtMs,
    system: systemMetrics(),
    fetches: driver.fetches(),
  });
}

/** Containers whose launch is not done: their image, their files or their network still come. */
function pendingLaunches({ frameworks }: AgentView, pulls: readonly ImagePull[]): readonly object[] {
  const byContainer = pullsByContainer(pulls);
  return [...frameworks.values()]
    .flatMap(({ runs }) => runs)
    .filter((run) => run.progress.phase === "launching" && hasOwnContainer(run))
    .map(({ spec: { containerId } }) => {
      const pull = byContainer.get(containerId);
      return {
        operation: "containerizer::launch",
        args: {
          containerId,
          ...(pull === undefined
            ? {}
            : {
                image: pull.image,
                pull: pull.phase,
                pulledBytes: String(pull.doneBytes),
                ...(pull.totalBytes === undefined ? {} : { imageBytes: String(pull.totalBytes) }),
              }),
        },
      };
    });
}

async function statistics(usage: UsageMeter, form: "containers" | "statistics"): Promise<readonly object[]> {
  const containers = (await usage.containers()).filter(({ run }) => run === undefined);
  return containers.map(({ executor, statistics: measured }) => ({
    executor_id: executor.executorId,
    executor_name: executor.name,
    framework_id: executor.frameworkId,
    source: executor.source,
    statistics: measured,
    ...(form === "containers" ? { container_id: executor.containerId, status: executor.status } : {}),
  }));
}
