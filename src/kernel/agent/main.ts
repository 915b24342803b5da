/** The agent as a daemon: what it is made of, top to bottom. */

import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { daemonHeaders } from "#contracts/identity.ts";
import { masterUrlIn } from "#contracts/kernel/master-node.ts";
import { mesosVersion } from "#contracts/kernel/mesos-version.ts";
import type { Attribute, Resource } from "#contracts/kernel/messages.gen.ts";
import { createAuthorizer } from "#domain/authorization/index.ts";
import { parseResources, parseResourcesText } from "#domain/resources/index.ts";
import { basicHeader, openAccess } from "#foundation/access/index.ts";
import { auditKeyPrefix, openAuditLog } from "#foundation/audit/index.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { followLeader, type LeaderAddress } from "#foundation/election/index.ts";
import {
  createHttpServer,
  type ExecutorClaims,
  json,
  readTlsIdentity,
  text,
} from "#foundation/http/index.ts";
import { createCoreHost, nodeTimers, systemClock, systemRandom } from "#foundation/runtime/index.ts";
import { openStore } from "#foundation/store/index.ts";
import { createLogger, createMetrics, type Logger } from "#foundation/telemetry/index.ts";
import { createProcessDriver, SharedMemories } from "#kernel/containerizer/index.ts";
import { type AgentEnvironment, agentDefaults } from "./config.ts";
import { AgentCore } from "./core/agent-core.ts";
import type { AgentEffect, AgentEvent } from "./core/events.ts";
import { type AgentFacts, defaultPolicy } from "./core/policy.ts";
import { type IdentityRecord, readRecords } from "./core/records.ts";
import { taskIdOf } from "./core/task-run.ts";
import { withFlags } from "./flags.ts";
import { Containers } from "./shell/containers.ts";
import { prepareDisks } from "./shell/disks.ts";
import { ExecutorApi } from "./shell/executor-api.ts";
import { ExecutorTokens, type ExecutorClaims as TokenClaims } from "./shell/executor-tokens.ts";
import { logPath } from "./shell/files-routes.ts";
import { imageSettings } from "./shell/image-settings.ts";
import { defaultTaskPorts, detectResources, parseAttributes, readBootId } from "./shell/machine.ts";
import { MasterLink } from "./shell/master-link.ts";
import { StandaloneContainers } from "./shell/operator/standalone-containers.ts";
import { AgentPermissions } from "./shell/permissions.ts";
import { createNetworks, createPluginVolumes } from "./shell/plugins.ts";
import { addRoutes } from "./shell/routes.ts";
import { RunEnds } from "./shell/run-ends.ts";
import { liveExecutors, pastExecutors } from "./shell/shown-executors.ts";
import { shownFlags } from "./shell/shown-flags.ts";
import { TaskProber } from "./shell/task-prober.ts";
import { VolumeFolders } from "./shell/volume-folders.ts";

export interface RunningAgent {
  readonly info: { readonly url: string; readonly agentId: string };
  /** Ends the agent; its tasks go on. */
  close(): Promise<void>;
}

/** The master wants this agent no more; a supervisor does not start it again (`supervisor.ts`, `leftForGoodExitCode`). */
const removedExitCode = 3;
/** How long `start` waits for a master before it answers without an id. */
const registrationWaitMs = 15_000;

export async function start(given: AgentEnvironment): Promise<RunningAgent> {
  const environment = withFlags(given);
  const log = environment.log ?? createLogger("agent");
  const clock = systemClock;
  const startedAtMs = clock.now();
  const dirs = prepareDirs(environment.dataDir);
  const fail = (reason: string): void => fatal(environment, log, reason);

  const store = await openStore(
    { kind: "embedded", path: join(dirs.recordsDir, "agent.db") },
    { onLost: (error) => fail(`the agent's records are lost: ${error.message}`) },
  );
  const records = new Map(
    [...(await store.load(""))].filter(([key]) => key.split("/")[0] !== auditKeyPrefix),
  );
  const audit = await openAuditLog({ store, source: "agent", now: () => clock.now() });
  const read = readRecords(records);
  const former = typeof read === "string" ? undefined : read.identity;

  const { security = {}, executorTokenKey, tls } = environment;
  const tokens = executorTokenKey === undefined ? undefined : new ExecutorTokens(executorTokenKey);
  const access = openAccess(security, {
    realm: "mesos-agent",
    doorSecret: environment.doorSecret,
    executorOf: (authorization) => executorClaims(tokens?.claimsOf(authorization)),
    now: () => clock.now(),
  });
  const authorizer = createAuthorizer(security, access.grantsOf);
  const server = createHttpServer({
    host: environment.host,
    port: environment.port,
    guard: access.guard,
    ignoresTrailingSlash: true,
    ...(tls === undefined ? {} : { tls }),
    onTlsRefused: (reason, address) => log.warn("tls.refused", { reason, address }),
    shapeFailure: ({ status, message, code, details }, { path }) =>
      path.startsWith("/keelson/")
        ? json({ code, message, ...(details === undefined ? {} : { details }) }, status)
        : text(`${message}\n`, status),
    onBug: (error, where) => log.error("http.bug", { error, ...where }),
  });
  const metrics = createMetrics();
  const driver = createProcessDriver({
    images: imageSettings(environment, dirs.dataDir),
    fetchCache: {
      dir: dirs.cacheDir,
      bytesMax: environment.fetcherCacheBytesMax ?? agentDefaults.fetcherCacheBytesMax,
    },
  });
  // Everything the core needs is known before the port is, but for the port itself.
  const facts = (port: number): AgentFacts => factsOf(environment, dirs, port, former, log);

  const master = await leadingMaster(environment);
  const stack: (() => Promise<void> | void)[] = [
    () => master.close(),
    () => store.close(),
    () => driver.close(),
    () => access.close(),
  ];
  const closeAll = async (): Promise<void> => {
    for (let close = stack.pop(); close !== undefined; close = stack.pop()) await close();
  };
  try {
    const holder: { core?: AgentCore } = {};
    const ends = new RunEnds();
    const ending = new AbortController();
    const dispatch = (event: AgentEvent): void => host.dispatch(event);
    const view = () => {
      if (holder.core === undefined) throw new Error("the agent is starting");
      return holder.core.view();
    };
    const permissions = new AgentPermissions(authorizer, view);
    const executors = new ExecutorApi({
      view: () => holder.core?.view(),
      dispatch: (event) => dispatch(event),
      tokens,
    });
    const standalone = new StandaloneContainers({ view, dispatch: (event) => dispatch(event), driver, ends });
    addRoutes({
      server,
      view,
      executors,
      standalone,
      driver,
      files: {
        workDir: dirs.workDir,
        agentId: () => holder.core?.view().agentId,
        logFile: environment.logFile,
        view,
        attached: () => attachedPaths(view(), environment.logFile),
        demand: (principal, path) => permissions.demandFile(principal, path, logPath),
      },
      permissions,
      extras: {
        startedAtMs,
        flags: shownFlags(environment, dirs.workDir, driver.isolation()),
        masterHostname: () => hostnameOf(master.url()),
        logDir: environment.logFile === undefined ? undefined : dirname(environment.logFile),
      },
      metrics,
      now: () => clock.now(),
      ends,
      verbosity: log.verbosity,
      audit,
      doorSecret: environment.doorSecret,
      ending: ending.signal,
    });
    const { port, url } = await server.listen();
    stack.push(
      () => server.close(),
      () => ending.abort(),
      () => executors.closeAll(),
    );

    const core = new AgentCore({
      facts: facts(port),
      policy: { ...defaultPolicy, ...environment.policy },
      random: systemRandom,
      records,
    });
    holder.core = core;
    metrics.gauge({
      name: "agent_tasks_count",
      help: "Tasks this agent answers for, those waiting for an acknowledgement included.",
      labels: {},
      read: () => [...core.view().frameworks.values()].reduce((sum, { runs }) => sum + runs.length, 0),
    });

    const outcome = Promise.withResolvers<void>();
    const volumes = new VolumeFolders(dispatch);
    const networks = createNetworks(environment, dirs.networksDir, log);
    const containers = new Containers({
      driver,
      volumes,
      workDir: dirs.workDir,
      runtimeDir: dirs.runtimeDir,
      rotation: {
        maxBytes: environment.logBytesMax ?? agentDefaults.logBytesMax,
        files: environment.logFilesKept ?? agentDefaults.logFilesKept,
      },
      tokens,
      networks,
      memories: new SharedMemories(join(dirs.dataDir, "memory")),
      pluginVolumes: await createPluginVolumes(environment, dirs.dataDir, log),
      dispatch,
      log,
    });
    const prober = new TaskProber(driver, dispatch, (owner) => networks.namespaceOf(owner));
    const link = new MasterLink({
      master,
      headers: masterHeaders(environment),
      ...(tls === undefined ? {} : { tls: readTlsIdentity(tls) }),
      dispatch,
      log,
    });
    let isStarted = false;
    // An agent that cannot start says so to whoever starts it; later on its process ends.
    const shutDown: EffectPorts["shutDown"] = (reason, isRemoved = false) => {
      if (isRemoved) fatal(environment, log, reason, removedExitCode);
      else if (isStarted) fail(reason);
      else outcome.reject(new Error(reason));
    };
    const ports: EffectPorts = { containers, executors, standalone, volumes, prober, link, log, shutDown };
    const host = createCoreHost<AgentEvent, AgentEffect>({
      core,
      clock,
      timers: nodeTimers,
      storage: store,
      perform: (effect) => {
        perform(effect, ports);
        if (effect.kind === "removeContainer") ends.tell(effect.containerId);
        if (core.isRegistered) outcome.resolve();
      },
      onFatal: (error) => fail(`the agent cannot go on: ${error.message}`),
    });
    stack.push(
      () => containers.close(),
      () => prober.close(),
      () => host.close(),
      () => link.close(),
    );

    dispatch({ kind: "started" });
    const waited = setTimeout(() => outcome.resolve(), registrationWaitMs);
    await outcome.promise.finally(() => clearTimeout(waited));
    isStarted = true;
    return { info: { url, agentId: core.view().agentId ?? "" }, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

const leadingMaster = ({ masterUrl, zkSessionTimeoutMs, tls }: AgentEnvironment): Promise<LeaderAddress> =>
  followLeader({
    given: masterUrl,
    flag: "--master",
    shape: "mesos",
    ...(zkSessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: zkSessionTimeoutMs }),
    read: masterUrlIn(tls === undefined ? "http" : "https"),
  });

const hostnameOf = (url: string | undefined): string => (url === undefined ? "" : new URL(url).hostname);

interface Dirs {
  readonly dataDir: string;
  readonly recordsDir: string;
  readonly workDir: string;
  readonly runtimeDir: string;
  readonly cacheDir: string;
  readonly networksDir: string;
}

/** Tasks' users pass through the data directory to their sandboxes; records are the agent's alone. */
function prepareDirs(dataDir: string): Dirs {
  const root = resolve(dataDir);
  const isRoot = process.getuid?.() === 0;
  const passable = isRoot ? 0o711 : 0o700;
  const dirs = {
    dataDir: root,
    recordsDir: join(root, "meta"),
    workDir: join(root, "work"),
    runtimeDir: join(root, "containers"),
    cacheDir: join(root, "fetcher-cache"),
    networksDir: join(root, "networks"),
  };
  for (const dir of [root, dirs.workDir, dirs.runtimeDir]) {
    mkdirSync(dir, { recursive: true, mode: passable });
    chmodSync(dir, passable);
  }
  mkdirSync(dirs.recordsDir, { recursive: true, mode: 0o700 });
  return dirs;
}

function factsOf(
  environment: AgentEnvironment,
  dirs: Dirs,
  port: number,
  former: IdentityRecord | undefined,
  log: Logger,
): AgentFacts {
  const { host, advertiseIp, hostname } = environment;
  const resources = resourcesOf(environment, dirs, former, log);
  const canSwitchUser = process.getuid?.() === 0;
  prepareDisks(resources, { workDir: dirs.workDir, canSwitchUser });
  return {
    hostname: hostname ?? host,
    ip: advertiseIp ?? host,
    port,
    version: mesosVersion,
    bootId: readBootId(),
    resources: [...resources, ...revocableOf(environment)],
    attributes: attributesOf(environment),
    ...(environment.domain === undefined ? {} : { domain: environment.domain }),
    dataDir: dirs.dataDir,
    workDir: dirs.workDir,
    runtimeDir: dirs.runtimeDir,
    canSwitchUser,
    ...(environment.seccompConfigDir === undefined
      ? {}
      : { seccompDir: resolve(environment.seccompConfigDir) }),
  };
}

/** What was found out once stays: a machine that looks a little different must not lose its tasks. */
function resourcesOf(
  environment: AgentEnvironment,
  { workDir }: Dirs,
  former: IdentityRecord | undefined,
  log: Logger,
): readonly Resource[] {
  const {
    resources,
    agentCount = 1,
    index = 0,
    isPublic = false,
    taskPorts = defaultTaskPorts,
  } = environment;
  const defaultRole = environment.defaultRole ?? (isPublic ? agentDefaults.publicRole : "*");
  const found = detectResources({ workDir, agentCount, index, defaultRole, taskPorts }, resources);
  if (resources !== undefined || former === undefined) return found;
  // An estimate is told anew each time.
  const kept = former.resources.filter(({ revocable }) => revocable === undefined);
  if (!parseResources(found).equals(parseResources(kept))) {
    log.warn("resources.keptAsBefore", {
      kept: parseResources(kept).toString(),
      found: parseResources(found).toString(),
    });
  }
  return kept;
}

function revocableOf({ revocableResources = "" }: AgentEnvironment): readonly Resource[] {
  if (revocableResources === "") return [];
  return parseResourcesText(revocableResources)
    .toWire()
    .map((resource) => ({ ...resource, revocable: {} }));
}

function attributesOf({ attributes = "", isPublic = false }: AgentEnvironment): readonly Attribute[] {
  const given = parseAttributes(attributes);
  const isNamed = given.some(({ name }) => name === "public_ip");
  return isPublic && !isNamed ? [...given, ...parseAttributes("public_ip:true")] : given;
}

interface EffectPorts {
  readonly containers: Containers;
  readonly executors: ExecutorApi;
  readonly standalone: StandaloneContainers;
  readonly volumes: VolumeFolders;
  readonly prober: TaskProber;
  readonly link: MasterLink;
  readonly log: Logger;
  readonly shutDown: (reason: string, isRemoved?: boolean) => void;
}

function perform(effect: AgentEffect, ports: EffectPorts): void {
  const { containers, executors, standalone, volumes, prober, link, log, shutDown } = ports;
  switch (effect.kind) {
    case "openLink":
      return link.open(effect.link);
    case "sendFrame":
      return link.send(effect.link, effect.message);
    case "closeLink":
      return link.drop(effect.link, effect.reason);
    case "recoverContainers":
      containers
        .recover(effect.containerIds, effect.frames)
        .catch((error: unknown) =>
          shutDown(`containers could not be taken up again: ${errorMessage(error)}`),
        );
      return;
    case "launchContainer":
      return containers.launch(effect.plan);
    case "runProbe":
      return prober.run(effect);
    case "cancelProbes":
      return prober.cancel(effect.containerId);
    case "signalContainer":
      return containers.signal(effect.containerId, effect.signal);
    case "updateContainer":
      return containers.update(effect.containerId, effect.limits);
    case "tellExecutor":
      return executors.send(effect.connection, effect.event);
    case "closeExecutor":
      return executors.close(effect.connection);
    case "destroyContainer":
      return containers.destroy(effect.containerId);
    case "removeContainer":
      return containers.remove(effect.containerId);
    case "releaseFrame":
      return containers.releaseFrame(effect.containerId);
    case "answerStandalone":
      return standalone.answered(effect);
    case "pruneImages":
      return containers.pruneImages(effect.excluded);
    case "measureDisk":
      return containers.measureDisk();
    case "measureLoad":
      return containers.measureLoad();
    case "measureSandbox":
      return containers.measureSandbox(effect.containerId, effect.directory);
    case "removeSandbox":
      return containers.removeSandbox(effect.containerId, effect.directory);
    case "makeVolume":
      return volumes.make(effect.directory);
    case "removeVolume":
      return volumes.remove(effect.removalId, effect.directory);
    case "log":
      return log[effect.level](effect.event, effect.fields);
    case "shutDown":
      return shutDown(effect.failure ?? "the agent was told to end", effect.isRemoved);
    default:
      assertNever(effect);
  }
}

function attachedPaths(
  view: ReturnType<AgentCore["view"]>,
  logFile: string | undefined,
): Record<string, string> {
  const executors = [
    ...[...view.frameworks.keys()].flatMap((id) => liveExecutors(view, id)),
    ...[...view.past.keys()].flatMap((id) => pastExecutors(view, id)),
  ].filter(({ directory }) => directory !== "");
  const paths = executors.flatMap((executor): [string, string][] => {
    const { frameworkId, executorId, directory, runs, past } = executor;
    const latest = `/frameworks/${frameworkId}/executors/${executorId}/runs/latest`;
    const nested = [...past, ...runs].filter(({ spec }) => spec.executor?.isNested === true);
    return [
      [directory, directory],
      [latest, directory],
      ...nested.map((run): [string, string] => [`${latest}/tasks/${taskIdOf(run)}`, run.spec.sandboxDir]),
    ];
  });
  return Object.fromEntries([...(logFile === undefined ? [] : [["/slave/log", logFile] as const]), ...paths]);
}

const executorClaims = (claims: TokenClaims | undefined): ExecutorClaims | undefined =>
  claims === undefined
    ? undefined
    : { frameworkId: claims.fid, executorId: claims.eid, containerId: claims.cid };

/** A credential of its own, or the secret of the cluster's daemons. */
const masterHeaders = ({ credential, doorSecret }: AgentEnvironment): Readonly<Record<string, string>> =>
  credential === undefined ? daemonHeaders(doorSecret) : { authorization: basicHeader(credential) };

function fatal(environment: AgentEnvironment, log: Logger, reason: string, exitCode = 1): void {
  log.error("agent.failed", { reason });
  if (environment.onFatal !== undefined) environment.onFatal(reason);
  else process.exit(exitCode);
}
