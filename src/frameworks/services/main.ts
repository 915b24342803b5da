/** Services as a daemon: what it is made of, top to bottom. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { daemonHeaders } from "#contracts/identity.ts";
import { listAudit } from "#contracts/observe/audit.ts";
import { openAccess, type SecurityOptions } from "#foundation/access/index.ts";
import { auditKeyPrefix, openAuditLog } from "#foundation/audit/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Seat } from "#foundation/election/index.ts";
import { createHttpClient, createHttpServer, EndpointSet, json } from "#foundation/http/index.ts";
import { createCoreHost, nodeTimers, systemClock, systemRandom } from "#foundation/runtime/index.ts";
import { openStore } from "#foundation/store/index.ts";
import { createLogger, type Logger } from "#foundation/telemetry/index.ts";
import { audited } from "../base/shell/call-audit.ts";
import { connectFramework } from "../base/shell/connect-framework.ts";
import { exitsWith } from "../base/shell/exits-with.ts";
import { countEvent } from "../base/shell/framework-metrics.ts";
import { leadingMaster } from "../base/shell/leading-master.ts";
import { demandAudit, sighted } from "../base/shell/sight.ts";
import { standBy } from "../base/shell/stand-by.ts";
import {
  createServicesCore,
  defaultServicesPolicy,
  parseTaskId,
  type ServicesEffect,
  type ServicesEvent,
  type ServicesPolicy,
  type StoredRecord,
} from "./core/index.ts";
import { withFlags } from "./flags.ts";
import {
  addAppRoutes,
  addGroupRoutes,
  addLeaderRoutes,
  addOwnChanges,
  addOwnReads,
  addPodRoutes,
  addStandbyRoutes,
  addSystemRoutes,
  askReadiness,
  capped,
  countEffect,
  EventStreams,
  infoJson,
  measureServices,
  NodeSource,
  PullSource,
  probe,
  proxyManners,
  Requests,
  readBackup,
  replaceRecords,
  shapeFailure,
  visibleOwn,
  visibleQueries,
  watchRequests,
  wholes,
  withHttpFace,
} from "./shell/index.ts";

export interface ServicesEnvironment {
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
  /** The store that secrets of definitions are in. Without it, what refers to one fails. */
  readonly secretsUrl?: string;
  /** Shared with the door: who brings it is believed about who asks (`callerOf` of foundation/http). */
  readonly doorSecret?: string;
  /** Who must say who they are. Default: nobody. */
  readonly security?: SecurityOptions;
  readonly policy?: Partial<ServicesPolicy>;
  /** Marathon's flags by their names, as `flags.ts` knows them; they go before the fields here. */
  readonly flags?: JsonValue | undefined;
  /** Requests served at once; one more is answered with 503. Source: Marathon flag `http_max_concurrent_requests`. */
  readonly requestsMax?: number;
  readonly log?: Logger;
}

export interface RunningServices {
  readonly info: { readonly url: string };
  close(): Promise<void>;
}

const version = "1.11.0";
/** Source: contract marathon.md section 19.3, loss of leadership. */
const exitAbdicated = 103;
/** A group comes as a whole, with all its apps: some ten thousand of them. */
const bodyBytesMax = 33_554_432;
const plainHeaders = {
  "cache-control": "no-cache, no-store, must-revalidate",
  pragma: "no-cache",
  expires: "0",
  "x-frame-options": "DENY",
  "x-xss-protection": "1; mode=block",
};

/** As one of several where `zk` is given, which lead one at a time; otherwise as the only one. */
export async function start(given: ServicesEnvironment): Promise<RunningServices> {
  const environment = withFlags(given);
  return environment.zk === undefined ? run(environment) : startCandidate(environment, environment.zk);
}

function startCandidate(environment: ServicesEnvironment, zk: string): Promise<RunningServices> {
  const { host, port, zkSessionTimeoutMs, doorSecret, security } = environment;
  const log = environment.log ?? createLogger("services");
  return standBy({
    name: "services",
    host,
    port,
    zk,
    ...(zkSessionTimeoutMs === undefined ? {} : { zkSessionTimeoutMs }),
    bodyBytesMax,
    realm: "marathon",
    doorSecret,
    security,
    manners: proxyManners,
    addRoutes: addStandbyRoutes,
    lead: (seat, bound) => run({ ...environment, port: bound }, seat),
    log,
  });
}

async function run(environment: ServicesEnvironment, seat?: Seat): Promise<RunningServices> {
  const { host, port, dataDir, masterUrl } = environment;
  const log = environment.log ?? createLogger("services");
  const clock = systemClock;
  const die = exitsWith(log);

  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const store = await openStore(seat?.store ?? { kind: "embedded", path: join(dataDir, "services.db") }, {
    onLost: (error) => die("services.storeLost", error),
  });
  const stored = async (): Promise<readonly StoredRecord[]> =>
    [...(await store.load(""))]
      .filter(([key]) => !key.startsWith(`${auditKeyPrefix}/`))
      .map(([key, value]) => ({ key, value }));
  const restoreFile = join(dataDir, "restore.tar");
  if (existsSync(restoreFile)) {
    log.info("services.restoring", { file: restoreFile });
    await replaceRecords(store, await stored(), await readBackup(restoreFile));
    rmSync(restoreFile);
  }
  const records = await stored();
  const leading = await leadingMaster(masterUrl, environment.zkSessionTimeoutMs);
  const audit = await openAuditLog({ store, source: "services", now: () => clock.now() });
  const policy: ServicesPolicy = {
    ...defaultServicesPolicy,
    role: "slave_public",
    acceptedRolesDefault: "unreserved",
    hostname: host,
    ...environment.policy,
  };
  const core = createServicesCore({ records, random: systemRandom, policy });
  const { queries } = core;
  const startedAt = clock.now();
  const { metrics, measure } = measureServices({
    queries,
    now: () => clock.now(),
    startedAt,
    listeners: () => streams.size,
  });
  const streams: EventStreams = new EventStreams(
    () => clock.now(),
    systemRandom.uuid(),
    (bytes) => metrics.count("http.responses.event-stream.size.counter.bytes", bytes),
  );
  const coreHost = createCoreHost<ServicesEvent, ServicesEffect>({
    core,
    clock,
    timers: nodeTimers,
    storage: store,
    perform: (effect) => perform(effect),
    onFatal: (error) => die("services.failed", error),
  });
  const requests = new Requests((event) => coreHost.dispatch(event), watchRequests(queries));

  let address = `${host}:${port}`;
  const access = openAccess(environment.security ?? {}, {
    realm: "marathon",
    holdsToGrants: true,
    doorSecret: environment.doorSecret,
    now: () => clock.now(),
  });
  const bareServer = createHttpServer({
    host,
    port,
    guard: access.guard,
    ignoresTrailingSlash: true,
    bodyBytesMax,
    shapeFailure: (failure, { path }) =>
      path.startsWith("/keelson/")
        ? json({ code: failure.code, message: failure.message, details: failure.details }, failure.status)
        : shapeFailure(failure),
    commonHeaders: {
      ...plainHeaders,
      get "x-marathon-leader"() {
        return `http://${address}`;
      },
    },
    onBug: (error, where) =>
      log.error("services.bug", {
        ...where,
        error: String(error),
        stack: error instanceof Error ? error.stack : undefined,
      }),
  });
  const grantsOf = environment.security?.iamUrl === undefined ? undefined : access.grantsOf;
  const seen = sighted(capped(bareServer, environment.requestsMax), {
    grantsOf,
    doorSecret: environment.doorSecret,
    wholes,
  });
  const noted = audited(seen, {
    log: audit,
    readsByPost: new Set(["/keelson/v1/plan"]),
    doorSecret: environment.doorSecret,
    onLost: (error) => log.error("services.auditLost", { error: String(error) }),
  });
  const server = withHttpFace(measure(noted));
  const api = {
    queries: visibleQueries(queries),
    requests,
    options: queries.roleRules(),
    now: () => clock.now(),
    publish: (eventType: string, payload: object) =>
      streams.publish({ ...payload, eventType, timestamp: new Date(clock.now()).toISOString() }),
  };
  const headers = daemonHeaders(environment.doorSecret);
  const client = createHttpClient({ headers });
  const nodes = new NodeSource({ client, masterUrl: () => leading.url(), now: () => clock.now() });
  const pulls = new PullSource({
    client,
    nodes,
    masterUrl: () => leading.url(),
    frameworkId: () => queries.info().frameworkId,
    now: () => clock.now(),
  });
  const endpoints = new EndpointSet("Keelson services");
  const ownContext = { ...api, own: visibleOwn(core.own), nodes, pulls };
  addOwnReads(endpoints, ownContext);
  addOwnChanges(endpoints, ownContext);
  endpoints.add(listAudit, ({ query }) => {
    demandAudit();
    return audit.list(query);
  });
  endpoints.serveOn(server);
  addAppRoutes(server, ownContext);
  addPodRoutes(server, api);
  addGroupRoutes(server, api);
  addSystemRoutes(server, {
    ...ownContext,
    streams,
    info: () =>
      infoJson({
        info: queries.info(),
        policy,
        version,
        leader: address,
        masterUrl,
        zk: environment.zk,
        zkSessionTimeoutMs: environment.zkSessionTimeoutMs,
      }),
    config: { ...policy, masterUrl, requestsMax: environment.requestsMax ?? null },
    verbosity: log.verbosity,
    metrics,
  });
  addLeaderRoutes(server, {
    get leader() {
      return address;
    },
    records: stored,
    tryRecords: (given) => void createServicesCore({ records: given, random: systemRandom, policy }),
    restoreFile,
    mayRestore: seat === undefined,
    abdicate: async () => {
      await seat?.resign();
      die("services.abdicated", "another start follows", exitAbdicated);
    },
  });
  await seat?.take();
  const { url } = await server.listen();
  address = url.slice("http://".length);

  const master = connectFramework({
    name: "services",
    master: leading,
    headers,
    frameworkInfo: { ...queries.frameworkInfo(), webui_url: url },
    dispatch: (event) => {
      countEvent(metrics, event);
      coreHost.dispatch(event);
    },
    client,
    secretsUrl: environment.secretsUrl,
    ownerOf: (taskId) => parseTaskId(taskId)?.appId ?? "",
    log,
  });

  function perform(effect: ServicesEffect): void {
    countEffect(metrics, effect);
    switch (effect.kind) {
      case "reply":
        return requests.settle(effect.request, effect.result);
      case "call":
        return master.send(effect.call);
      case "publish":
        log.debug("services.event", { eventType: effect.event.eventType });
        return streams.publish(effect.event);
      case "probe":
        return probe(effect.probe, (result) =>
          coreHost.dispatch({ kind: "probed", probe: effect.probe.key, result }),
        );
      case "askReadiness":
        return askReadiness(effect.request, (answer) =>
          coreHost.dispatch({ kind: "readinessAnswered", key: effect.request.key, answer }),
        );
      case "stop":
        return die("services.stopped", effect.reason, effect.exitCode);
    }
  }

  log.info("services.listening", { url });
  return {
    info: { url },
    close: async () => {
      streams.close();
      await server.close();
      await master.close();
      await leading.close();
      await Promise.all([client.close(), access.close()]);
      await coreHost.close();
      await store.close();
    },
  };
}
