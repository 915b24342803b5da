/** Jobs as a daemon: what it is made of, top to bottom. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { daemonHeaders } from "#contracts/identity.ts";
import { jobEventsPath } from "#contracts/jobs/job-events.ts";
import { listAudit } from "#contracts/observe/audit.ts";
import { openAccess, type SecurityOptions } from "#foundation/access/index.ts";
import { auditKeyPrefix, openAuditLog } from "#foundation/audit/index.ts";
import type { Seat } from "#foundation/election/index.ts";
import {
  createHttpClient,
  createHttpServer,
  EndpointSet,
  EventFanOut,
  json,
} from "#foundation/http/index.ts";
import { createCoreHost, nodeTimers, systemClock, systemRandom } from "#foundation/runtime/index.ts";
import { openStore } from "#foundation/store/index.ts";
import { createLogger, type Logger } from "#foundation/telemetry/index.ts";
import { audited } from "../base/shell/call-audit.ts";
import { connectFramework } from "../base/shell/connect-framework.ts";
import { exitsWith } from "../base/shell/exits-with.ts";
import { countCall, countEvent, type Measured, measureFramework } from "../base/shell/framework-metrics.ts";
import { PullSource } from "../base/shell/image-pulls.ts";
import { NodeSource } from "../base/shell/known-nodes.ts";
import { leadingMaster } from "../base/shell/leading-master.ts";
import { demandAudit, demandEvents, sighted } from "../base/shell/sight.ts";
import { standBy } from "../base/shell/stand-by.ts";
import {
  createJobsCore,
  defaultJobsPolicy,
  type JobsEffect,
  type JobsEvent,
  type JobsPolicy,
  parseTaskId,
} from "./core/index.ts";
import {
  addJobRoutes,
  addOwnReads,
  addStandbyRoutes,
  addSystemRoutes,
  configJson,
  proxyManners,
  Requests,
  shapeFailure,
  withHttpFace,
} from "./shell/index.ts";

export interface JobsEnvironment {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly dataDir: string;
  /** `http://host:port` of a master, or `zk://…`: the one that leads there. */
  readonly masterUrl: string;
  /** `zk://…`: several are started, and one leads at a time; records are there. Default: one, with a file of its own. */
  readonly zk?: string;
  /** Default 10 s. Source: Marathon flag `zk_session_timeout`. */
  readonly zkSessionTimeoutMs?: number;
  /** The store that secrets of jobs are in. Without it, what refers to one fails. */
  readonly secretsUrl?: string;
  /** Shared with the door: who brings it is believed about who asks (`callerOf` of foundation/http). */
  readonly doorSecret?: string;
  /** Who must say who they are. Default: nobody. */
  readonly security?: SecurityOptions;
  readonly policy?: Partial<JobsPolicy>;
  readonly log?: Logger;
}

export interface RunningJobs {
  readonly info: { readonly url: string };
  close(): Promise<void>;
}

const noCache = { "cache-control": "no-cache, no-store, must-revalidate", pragma: "no-cache", expires: "0" };

/** As one of several where `zk` is given, which lead one at a time; otherwise as the only one. */
export function start(environment: JobsEnvironment): Promise<RunningJobs> {
  return environment.zk === undefined ? run(environment) : startCandidate(environment, environment.zk);
}

function measureJobs(activeCount: () => number): Measured {
  const startedAt = systemClock.now();
  return measureFramework({
    prefix: "metronome.",
    gauges: {
      "jobs.active.gauge": activeCount,
      "uptime.gauge.seconds": () => (systemClock.now() - startedAt) / 1_000,
    },
    counters: ["jobs.started.counter", "jobs.failed.counter", "tasks.launched.counter"],
    now: () => systemClock.now(),
  });
}

function startCandidate(environment: JobsEnvironment, zk: string): Promise<RunningJobs> {
  const { host, port, zkSessionTimeoutMs, doorSecret, security } = environment;
  const log = environment.log ?? createLogger("jobs");
  const { metrics } = measureJobs(() => 0);
  return standBy({
    name: "jobs",
    host,
    port,
    zk,
    ...(zkSessionTimeoutMs === undefined ? {} : { zkSessionTimeoutMs }),
    realm: "metronome",
    doorSecret,
    security,
    manners: proxyManners,
    addRoutes: (server) => addStandbyRoutes(server, metrics),
    lead: (seat, bound) => run({ ...environment, port: bound }, seat),
    log,
  });
}

async function run(environment: JobsEnvironment, seat?: Seat): Promise<RunningJobs> {
  const { host, port, dataDir, masterUrl, doorSecret } = environment;
  const log = environment.log ?? createLogger("jobs");
  const clock = systemClock;
  const die = exitsWith(log);

  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const store = await openStore(seat?.store ?? { kind: "embedded", path: join(dataDir, "jobs.db") }, {
    onLost: (error) => die("jobs.storeLost", error),
  });
  const records = [...(await store.load(""))]
    .filter(([key]) => !key.startsWith(`${auditKeyPrefix}/`))
    .map(([key, value]) => ({ key, value }));
  const leading = await leadingMaster(masterUrl, environment.zkSessionTimeoutMs);
  const audit = await openAuditLog({ store, source: "jobs", now: () => clock.now() });
  const policy: JobsPolicy = { ...defaultJobsPolicy, hostname: host, ...environment.policy };
  const core = createJobsCore({ records, random: systemRandom, policy });
  const { queries } = core;
  const { metrics, measure } = measureJobs(() => queries.activeCount());
  const coreHost = createCoreHost<JobsEvent, JobsEffect>({
    core,
    clock,
    timers: nodeTimers,
    storage: store,
    perform: (effect) => perform(effect),
    onFatal: (error) => die("jobs.failed", error),
  });
  const requests = new Requests((event) => coreHost.dispatch(event), queries);

  const access = openAccess(environment.security ?? {}, {
    realm: "metronome",
    holdsToGrants: true,
    doorSecret,
    now: () => clock.now(),
  });
  const bareServer = createHttpServer({
    host,
    port,
    guard: access.guard,
    shapeFailure: (failure, { path }) =>
      path.startsWith("/keelson/")
        ? json({ code: failure.code, message: failure.message, details: failure.details }, failure.status)
        : shapeFailure(failure, path),
    commonHeaders: noCache,
    onBug: (error, where) =>
      log.error("jobs.bug", {
        ...where,
        error: String(error),
        stack: error instanceof Error ? error.stack : undefined,
      }),
  });
  const grantsOf = environment.security?.iamUrl === undefined ? undefined : access.grantsOf;
  const server = withHttpFace(
    audited(sighted(measure(bareServer), { grantsOf, doorSecret }), {
      log: audit,
      readsByPost: new Set(["/keelson/v1/plan"]),
      doorSecret,
      onLost: (error) => log.error("jobs.auditLost", { error: String(error) }),
    }),
  );
  const api = { queries, requests, now: () => clock.now() };
  const client = createHttpClient({ headers: daemonHeaders(doorSecret) });
  const endpoints = new EndpointSet("Keelson jobs").add(listAudit, ({ query }) => {
    demandAudit();
    return audit.list(query);
  });
  const leadingUrl = (): string | undefined => leading.url();
  const nodes = new NodeSource({ client, masterUrl: leadingUrl, now: api.now });
  const frameworkId = (): string | undefined => queries.info().frameworkId;
  const pulls = new PullSource({ client, nodes, masterUrl: leadingUrl, frameworkId, now: api.now });
  addOwnReads(endpoints, { ...api, nodes, pulls });
  endpoints.serveOn(server);
  addJobRoutes(server, api);
  const events = new EventFanOut();
  server.route({
    method: "GET",
    path: jobEventsPath,
    handler: () => {
      demandEvents();
      return events.answer();
    },
  });
  let address = `${host}:${port}`;
  addSystemRoutes(server, {
    ...api,
    get leader() {
      return address;
    },
    config: configJson({
      policy,
      masterUrl,
      zk: environment.zk,
      zkSessionTimeoutMs: environment.zkSessionTimeoutMs,
    }),
    metrics,
  });
  await seat?.take();
  const { url } = await server.listen();
  address = url.slice("http://".length);

  const master = connectFramework({
    name: "jobs",
    master: leading,
    headers: daemonHeaders(doorSecret),
    frameworkInfo: { ...queries.frameworkInfo(), webui_url: url },
    dispatch: (event) => {
      countEvent(metrics, event);
      coreHost.dispatch(event);
    },
    client,
    secretsUrl: environment.secretsUrl,
    ownerOf: (taskId) => {
      const jobId = parseTaskId(taskId)?.jobId ?? "";
      return `/${jobId.replaceAll(".", "/")}`;
    },
    log,
  });

  function perform(effect: JobsEffect): void {
    switch (effect.kind) {
      case "reply":
        return requests.settle(effect.request, effect.result);
      case "call":
        countCall(metrics, effect.call);
        return master.send(effect.call);
      case "publish":
        log.info("jobs.event", { ...effect.event });
        if (effect.event.eventType === "job_run_started") metrics.count("jobs.started.counter");
        if (effect.event.eventType === "job_run_failed") metrics.count("jobs.failed.counter");
        return events.tell(effect.event);
      case "stop":
        return die("jobs.stopped", effect.reason, effect.exitCode);
    }
  }

  log.info("jobs.listening", { url });
  return {
    info: { url },
    close: async () => {
      events.close();
      await server.close();
      await master.close();
      await leading.close();
      await client.close();
      await access.close();
      await coreHost.close();
      await store.close();
    },
  };
}
