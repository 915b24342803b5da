/**
 * A master of which several are started: it sends everybody to the one that leads, and then leads itself. What is
 * about this process alone it answers. Source: contract mesos.md sections 1.1, 3.5 and 4.5.
 */

import { messageJson } from "#contracts/kernel/json-codec.ts";
import { masterAddressIn } from "#contracts/kernel/master-node.ts";
import { versionInfo } from "#contracts/kernel/mesos-version.ts";
import { createAuthorizer } from "#domain/authorization/index.ts";
import { openAccess } from "#foundation/access/index.ts";
import { openCandidacy, type Seat } from "#foundation/election/index.ts";
import {
  type Answer,
  empty,
  type HttpRequest,
  type HttpServer,
  json,
  metricsSnapshotAnswer,
  systemMetrics,
  text,
} from "#foundation/http/index.ts";
import { systemClock, systemRandom } from "#foundation/runtime/index.ts";
import { createLogger, type Logger } from "#foundation/telemetry/index.ts";
import { flagsOf, type MasterEnvironment } from "../config.ts";
import { defaultMasterPolicy, masterInfo } from "../core/index.ts";
import { createMasterServer } from "./master-server.ts";
import { addNodeRoutes } from "./node-routes.ts";
import { OwnLog } from "./own-log.ts";
import { Refusals } from "./permissions.ts";
import { addMasterHelp, v0Adder } from "./v0-routes.ts";

interface Running {
  readonly info: { readonly url: string; readonly masterId: string };
  close(): Promise<void>;
}

export interface StandbyOptions {
  readonly environment: MasterEnvironment;
  readonly zk: string;
  /** Leads at the port that was stood by at, by the id that is in the election node. */
  readonly lead: (port: number, id: string, seat: Seat) => Promise<Running>;
}

/** `host:port`, or why there is none. */
type LeaderSeen = { readonly address: string } | { readonly missing: string };

const everyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export async function standBy({ environment, zk, lead }: StandbyOptions): Promise<Running> {
  const { host, security = {}, doorSecret, domain, zkSessionTimeoutMs } = environment;
  const log = environment.log ?? createLogger("master");
  const access = openAccess(security, { realm: "mesos-master", doorSecret, now: () => systemClock.now() });
  const server = createMasterServer(environment, access, log);
  const id = systemRandom.uuid();
  let leader: LeaderSeen = { missing: "No leader elected" };
  addLocalRoutes(server, {
    environment,
    log,
    refusals: new Refusals(createAuthorizer(security, access.grantsOf)),
    leader: () => leader,
  });
  const { url, port } = await server.listen();
  log.info("master.standsBy", { url, masterId: id });
  const own = masterInfo({
    id,
    epoch: 0,
    hostname: host,
    ip: host,
    port,
    version: versionInfo.version,
    ...(domain === undefined ? {} : { domain }),
  });
  const candidacy = await openCandidacy({
    zk,
    shape: "mesos",
    data: messageJson(own),
    ...(zkSessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: zkSessionTimeoutMs }),
    secret: doorSecret,
    standby: {
      close: async () => {
        await server.close();
        await access.close();
      },
    },
    onLeader: (node) => {
      const address = node === undefined ? undefined : masterAddressIn(node);
      // It answers as the leader only once it serves as such.
      if (address === masterAddressIn(messageJson(own)))
        leader = { missing: "Master has not finished recovery" };
      else leader = address === undefined ? { missing: "No leader elected" } : { address };
      log.info("master.leader", { address });
    },
    lead: (seat) => lead(port, id, seat),
    onOver: (cause, error) => {
      log.error("master.electionOver", { cause, error: String(error) });
      process.exit(1);
    },
  });
  return { info: { url, masterId: id }, close: () => candidacy.close() };
}

function addLocalRoutes(
  server: HttpServer,
  context: {
    readonly environment: MasterEnvironment;
    readonly log: Logger;
    readonly refusals: Refusals;
    readonly leader: () => LeaderSeen;
  },
): void {
  const { environment, log, leader } = context;
  const startedAt = systemClock.now();
  const names = new Set<string>();
  const add = v0Adder(server, context.refusals, names);
  const redirect = (target: string): Answer => {
    const seen = leader();
    return "address" in seen
      ? empty(307, { location: `//${seen.address}${target}` })
      : text(seen.missing, 503);
  };
  const policy = { ...defaultMasterPolicy, ...environment.policy };
  add("GET", "/health", () => empty(200));
  add("GET", "/version", () => json(versionInfo));
  add("GET", "/flags", () => json({ flags: flagsOf(environment, policy) }));
  add("GET", "/metrics/snapshot", ({ query }) =>
    metricsSnapshotAnswer(query, () => ({
      "master/elected": 0,
      "master/uptime_secs": (systemClock.now() - startedAt) / 1000,
      ...systemMetrics(),
    })),
  );
  add("GET", "/redirect", () => redirect(""));
  addNodeRoutes(add, { ownLog: new OwnLog(environment.logFile), verbosity: log.verbosity });
  addMasterHelp((name, handler) => add("GET", name, handler), names);
  const passOn = (request: HttpRequest): Answer => redirect(request.raw.url ?? request.path);
  for (const prefix of ["", "/master"]) {
    server.route({ method: everyMethod, path: `${prefix}/redirect/*`, handler: () => text("", 404) });
    server.route({
      method: "POST",
      path: `${prefix}/api/v1/scheduler`,
      access: "scheduler",
      handler: passOn,
    });
  }
  server.route({ method: everyMethod, path: "/*", handler: passOn });
}
