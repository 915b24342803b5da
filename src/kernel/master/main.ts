/** The master as a daemon: what it is made of, top to bottom. */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { mesosVersion, versionInfo } from "#contracts/kernel/mesos-version.ts";
import { nodeEventsPath } from "#contracts/kernel/node-events.ts";
import { listNodes, listTasks, showCapacity } from "#contracts/kernel/own-endpoints.ts";
import { createAuthorizer } from "#domain/authorization/index.ts";
import { openAccess } from "#foundation/access/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { Seat } from "#foundation/election/index.ts";
import { EndpointSet, text } from "#foundation/http/index.ts";
import { createCoreHost, nodeTimers, systemClock, systemRandom } from "#foundation/runtime/index.ts";
import { openStore } from "#foundation/store/index.ts";
import { createLogger, createMetrics, Timings } from "#foundation/telemetry/index.ts";
import { defaultClusterName, flagsOf, type MasterEnvironment } from "./config.ts";
import {
  createMasterCore,
  defaultMasterPolicy,
  type MasterChange,
  type MasterEffect,
  type MasterEvent,
  operationNeeds,
  putEpoch,
  type Reply,
  readRegistry,
} from "./core/index.ts";
import { withFlags } from "./flags.ts";
import { AgentLinks } from "./shell/agent-links.ts";
import { addNodeEndpoints, type OrderAgent } from "./shell/agent-orders.ts";

import { addAllocationEndpoints } from "./shell/allocation-endpoints.ts";
import { addMaintenanceEndpoints, type MaintenanceOrders } from "./shell/maintenance-api.ts";

import { createMasterServer } from "./shell/master-server.ts";
import { MasterCounters } from "./shell/metrics-counters.ts";
import { type MasterTimings, metricsSnapshot } from "./shell/metrics-snapshot.ts";
import { NodeEvents, nodeEvent } from "./shell/node-events.ts";
import { capacity, nodeList } from "./shell/node-list.ts";
import { OperatorApi } from "./shell/operator-api.ts";
import type { WhenTold } from "./shell/operator-stream.ts";
import { OwnLog } from "./shell/own-log.ts";
import { endpointNeeds, Permissions, quotaNeeds } from "./shell/permissions.ts";
import type { QuotaPort, RoleWeight } from "./shell/quota-calls.ts";
import type { OperateOn } from "./shell/resource-operations.ts";
import { SchedulerApi } from "./shell/scheduler-api.ts";
import { SharedAnswers } from "./shell/shared-answers.ts";
import { standBy } from "./shell/stand-by.ts";
import { taskList } from "./shell/task-list.ts";
import { timedCore, timedStorage } from "./shell/timings.ts";
import { addV0Routes } from "./shell/v0-routes.ts";

export interface RunningMaster {
  readonly info: { readonly url: string; readonly masterId: string };
  close(): Promise<void>;
}

/** As one of several where `zk` is given, which lead one at a time; otherwise as the only one. */
export async function start(given: MasterEnvironment): Promise<RunningMaster> {
  const environment = withFlags(given);
  const { zk } = environment;
  return zk === undefined
    ? run(environment)
    : standBy({
        environment,
        zk,
        lead: (port, id, seat) => run({ ...environment, port }, { id, seat }),
      });
}

/** `elected`: by which id it stood for election, and what it leads with. */
async function run(
  environment: MasterEnvironment,
  elected?: { readonly id: string; readonly seat: Seat },
): Promise<RunningMaster> {
  const { host, dataDir } = environment;
  const log = environment.log ?? createLogger("master");
  const policy = { ...defaultMasterPolicy, ...environment.policy };
  const clock = systemClock;
  const die = (event: string, error: unknown): void => {
    log.error(event, { error: String(error) });
    process.exit(1);
  };

  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const registryPath = join(dataDir, "registry.db");
  const store = await openStore(elected?.seat.store ?? { kind: "embedded", path: registryPath }, {
    onLost: (error) => die("master.storeLost", error),
  });
  const timings: MasterTimings = {
    allocation: new Timings(),
    allocationLatency: new Timings(),
    registryFetch: new Timings(),
    registryStore: new Timings(),
  };
  const registry = readRegistry(await timings.registryFetch.of(store.load("")));
  // A new leadership: durable before anybody is answered.
  const epoch = registry.epoch + 1;
  await store.commit([putEpoch(epoch)]);

  const security = environment.security ?? {};
  const access = openAccess(security, {
    realm: "mesos-master",
    doorSecret: environment.doorSecret,
    now: () => clock.now(),
  });
  const authorizer = createAuthorizer(security, access.grantsOf);
  const server = createMasterServer(environment, access, log);
  const startedAt = clock.now();
  const identity = {
    id: elected?.id ?? systemRandom.uuid(),
    epoch,
    hostname: host,
    ip: host,
    port: environment.port,
    version: mesosVersion,
    ...(environment.domain === undefined ? {} : { domain: environment.domain }),
  };
  const core = createMasterCore({ identity, policy, authorizer, random: systemRandom, registry, startedAt });
  const { state } = core;

  const replies = new Map<number, (reply: Reply) => void>();
  const ask = (event: (request: number) => MasterEvent): Promise<Reply> =>
    new Promise((resolve) => {
      const request = nextRequest();
      replies.set(request, resolve);
      coreHost.dispatch(event(request));
    });
  let requests = 0;
  const nextRequest = (): number => {
    requests += 1;
    return requests;
  };
  const teardown = async (frameworkId: string): Promise<boolean> =>
    (await ask((request) => ({ kind: "teardownAsked", request, frameworkId }))).problem === undefined;
  const order: OrderAgent = (agentId, asked) =>
    ask((request) => ({ kind: "agentOrdered", request, agentId, order: asked }));
  const permissions = new Permissions(authorizer, state);
  const operateOn: OperateOn = async (agentId, operation, principal) =>
    permissions.forbidden(principal, operationNeeds(operation)) ??
    ask((request) => ({ kind: "operationAsked", request, agentId, operation }));

  const maintenance: MaintenanceOrders = {
    schedule: (schedule) => ask((request) => ({ kind: "maintenanceScheduleAsked", request, schedule })),
    move: (isDown, machines) => ask((request) => ({ kind: "maintenanceAsked", request, isDown, machines })),
  };

  const whenTold: WhenTold = (then) => {
    const request = nextRequest();
    replies.set(request, then);
    coreHost.dispatch({ kind: "tellingAsked", request });
  };

  const counters = new MasterCounters(state);
  const answers = new SharedAnswers(state);
  const metrics = (): ReturnType<typeof metricsSnapshot> =>
    metricsSnapshot({
      state,
      counters,
      timings,
      uptimeSeconds: (clock.now() - startedAt) / 1000,
      queuedSteps: coreHost.queuedSteps(),
      waitingRequests: replies.size,
      operatorSubscribers: operator.subscribers,
      registryBytes: statSync(registryPath, { throwIfNoEntry: false })?.size ?? 0,
    });
  const coreHost = createCoreHost<MasterEvent, MasterEffect>({
    core: timedCore(core, state.allocator, { took: timings.allocation, late: timings.allocationLatency }),
    clock,
    timers: nodeTimers,
    storage: timedStorage(store, timings.registryStore),
    perform: (effect) => perform(effect),
    onFatal: (error) => die("master.failed", error),
  });
  const dispatch = (event: MasterEvent): void => coreHost.dispatch(event);

  const schedulers = new SchedulerApi({
    state,
    dispatch,
    onCall: (call, frameworkId) => counters.call(call, frameworkId),
    update: async (frameworkId, update) =>
      (await ask((request) => ({ kind: "frameworkUpdateAsked", request, frameworkId, update }))).problem,
  });
  const flags = flagsOf(environment, policy);
  const ownLog = new OwnLog(environment.logFile);
  const quota: QuotaPort = {
    change: async (change, principal) =>
      permissions.forbidden(principal, quotaNeeds(change)) ??
      ask((request) => ({ kind: "quotaAsked", request, change })),
    list: async (principal) => {
      const { quotas = [] } = await ask((request) => ({ kind: "quotaListed", request }));
      return quotas.filter(({ role }) => permissions.mayGetQuota(principal, role));
    },
  };
  const setWeights = async (weights: readonly RoleWeight[]): Promise<void> =>
    void (await ask((request) => ({ kind: "weightsAsked", request, weights })));
  const operator = new OperatorApi({
    state,
    startedAt,
    versionInfo,
    metrics,
    teardown,
    order,
    permissions,
    answers,
    quota,
    setWeights,
    operateOn,
    maintenance,
    whenTold,
    flags,
    verbosity: log.verbosity,
    ownLog,
  });
  const nodeEvents = new NodeEvents(state);
  server.route({ method: "GET", path: nodeEventsPath, handler: () => nodeEvents.answer() });
  const links = new AgentLinks({
    server,
    dispatch: (event) => {
      if (event.kind === "agentSaid") counters.said(event.message);
      dispatch(event);
    },
    log,
    permissions,
  });
  for (const prefix of ["", "/master"]) {
    server.route({
      method: "POST",
      path: `${prefix}/api/v1/scheduler`,
      access: "scheduler",
      handler: (request) => schedulers.handle(request),
    });
    server.route({
      method: "POST",
      path: `${prefix}/api/v1`,
      handler: (request) => operator.handle(request),
    });
  }
  const endpoints = new EndpointSet("Keelson kernel", (endpoint, principal) =>
    permissions.demand(principal, endpointNeeds(endpoint)),
  );
  addMaintenanceEndpoints(addNodeEndpoints(endpoints, state, order), state, maintenance);
  addAllocationEndpoints(endpoints, {
    visible: (principal) => permissions.visible(principal),
    quota,
    now: () => clock.now(),
  })
    .add(listNodes, ({ query }) => nodeList(state, query))
    .add(listTasks, ({ query, request }) => taskList(permissions.visible(request.principal), query))
    .add(showCapacity, () => capacity(state, environment.clusterName ?? defaultClusterName))
    .serveOn(server);
  const prometheus = createMetrics();
  server.route({
    method: "GET",
    path: "/metrics",
    handler: async () => {
      const { contentType, body } = await prometheus.expose();
      return text(body, 200, { "content-type": contentType });
    },
  });
  prometheus.gauge({
    name: "master_agents_count",
    help: "Registered agents",
    labels: {},
    read: () => state.agents.size,
  });
  prometheus.gauge({
    name: "master_frameworks_count",
    help: "Known frameworks",
    labels: {},
    read: () => state.frameworks.size,
  });
  prometheus.gauge({
    name: "master_offers_count",
    help: "Outstanding offers",
    labels: {},
    read: () => state.offers.size,
  });
  prometheus.gauge({
    name: "master_queued_steps_count",
    help: "Steps that wait for the disk",
    labels: {},
    read: () => coreHost.queuedSteps(),
  });
  addV0Routes(server, {
    state,
    permissions,
    answers,
    flags,
    metrics,
    teardown,
    setWeights,
    quota,
    operateOn,
    maintenance,
    ownLog,
    verbosity: log.verbosity,
    get facts() {
      const { id, ip, port, hostname } = state.identity;
      const domain =
        environment.domain === undefined ? {} : { domain: environment.domain as unknown as JsonObject };
      const pid = `master@${ip}:${port}`;
      return {
        ...versionInfo,
        start_time: startedAt / 1000,
        elected_time: startedAt / 1000,
        id,
        pid,
        hostname,
        capabilities: ["AGENT_UPDATE", "AGENT_DRAINING", "QUOTA_V2"],
        leader: pid,
        ...domain,
        leader_info: { id, pid, port, hostname, ...domain },
        log_dir: "",
        flags,
      };
    },
  });
  await elected?.seat.take();
  const { url, port } = await server.listen();
  identity.port = port;
  log.info("master.listening", { url, masterId: identity.id, epoch });

  function perform(effect: MasterEffect): void {
    switch (effect.kind) {
      case "sendEvent":
        counters.event(effect.connection, effect.event);
        return schedulers.send(effect.connection, effect.event);
      case "closeStream":
        return schedulers.close(effect.connection);
      case "sendToAgent":
        return links.send(effect.connection, effect.message);
      case "closeLink":
        return links.close(effect.connection, effect.reason);
      case "reply":
        replies.get(effect.request)?.(effect);
        replies.delete(effect.request);
        return undefined;
      case "changed":
        return changed(effect.change);
    }
  }

  function changed(change: MasterChange): void {
    counters.change(change);
    if (change.kind === "agentAdded" || change.kind === "agentRemoved")
      log.info(`master.${change.kind}`, { agentId: change.agentId });
    if (change.kind === "agentChanged")
      log.info(`master.${change.kind}`, { ...nodeEvent(state, change.agentId) });
    if (change.kind === "frameworkAdded" || change.kind === "frameworkRemoved")
      log.info(`master.${change.kind}`, { frameworkId: change.frameworkId });
    operator.changed(change);
    nodeEvents.changed(change);
  }

  return {
    info: { url, masterId: identity.id },
    close: async () => {
      operator.close();
      nodeEvents.close();
      schedulers.closeAll();
      links.closeAll();
      await server.close();
      await coreHost.close();
      await Promise.all([store.close(), access.close()]);
    },
  };
}
