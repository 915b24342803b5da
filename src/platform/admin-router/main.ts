/** The door as a daemon: what it is made of, top to bottom. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { daemonHeaders, identityHeaders } from "#contracts/identity.ts";
import { assert } from "#foundation/base/assert.ts";
import { createHttpClient } from "#foundation/http/index.ts";
import { systemClock } from "#foundation/runtime/index.ts";
import { createLogger } from "#foundation/telemetry/index.ts";
import { type DoorEnvironment, doorLimits } from "./config.ts";
import { AuditTrail } from "./shell/audit-trail.ts";
import { ClusterTables } from "./shell/cluster-tables.ts";
import { Door } from "./shell/door.ts";
import { EventHub } from "./shell/event-hub.ts";
import { Files } from "./shell/files.ts";
import { Forwarder } from "./shell/forward.ts";
import { leadingUpstreams } from "./shell/leading-upstreams.ts";
import { MergedLogs } from "./shell/merged-logs.ts";
import { NamedHosts } from "./shell/named-hosts.ts";
import { OpenWorks } from "./shell/open-work.ts";
import { OwnRoutes } from "./shell/own-routes.ts";
import { Passage } from "./shell/passage.ts";
import { Sessions } from "./shell/sessions.ts";
import { Tokens } from "./shell/tokens.ts";
import { Traffic } from "./shell/traffic.ts";

export interface RunningDoor {
  readonly info: { readonly url: string };
  close(): Promise<void>;
}

/** The superuser whom the cluster's own token stands for. */
const clusterUser = "admin";
const consoleDirDefault = fileURLToPath(new URL("../../../ui/dist", import.meta.url));

export async function start(environment: DoorEnvironment): Promise<RunningDoor> {
  const { host, port, token, doorSecret, allowedHosts = [], clusterIdFile } = environment;
  const leading = await leadingUpstreams(environment.upstreams, environment.zk);
  const { upstreams } = leading;
  const log = environment.log ?? createLogger("admin-router");
  const clock = environment.clock ?? systemClock;
  const now = (): number => clock.now();
  const client = createHttpClient({ headers: daemonHeaders(doorSecret) });
  const headersFor = (user: string, from = ""): Readonly<Record<string, string>> => ({
    [identityHeaders.user]: user,
    [identityHeaders.from]: from,
    [identityHeaders.door]: doorSecret,
  });

  const tokens = new Tokens({
    client,
    iamUrl: upstreams.iam,
    identityHeaders: headersFor(clusterUser),
    clusterToken: { token, uid: clusterUser },
    now,
  });
  const works = new OpenWorks(tokens, now);
  const sessions = new Sessions(doorSecret, now);
  const named = new NamedHosts(sessions, now);
  const traffic = new Traffic();
  const forwarder = new Forwarder();
  const tables = new ClusterTables({
    client,
    upstreams,
    log,
    now,
  });
  const trail = new AuditTrail({
    client,
    sources: [...new Set([upstreams.services, upstreams.jobs, upstreams.iam, upstreams.secrets])],
    iamUrl: upstreams.iam,
    headersFor,
    log,
  });
  const hub = new EventHub({
    client,
    upstreams,
    identityHeaders: daemonHeaders(doorSecret),
    log,
    now,
    mark: now().toString(36),
    onEvent: ({ kind, object, change }) => {
      if (kind === "service" || kind === "task" || kind === "reset") tables.servicesChanged();
      if (kind === "node" || kind === "framework" || kind === "reset") tables.kernelChanged();
      if (kind !== "user" || change === "created") return;
      tokens.forget(object);
      void works.sweep();
    },
  });

  const server = createServer({
    maxHeaderSize: doorLimits.headerBytes,
    headersTimeout: doorLimits.headersTimeoutMs,
    keepAliveTimeout: doorLimits.keepAliveTimeoutMs,
    // A body may come as slowly as its sender likes; how many may do so is bounded by the connections.
    requestTimeout: 0,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: true,
    // Java's client offers h2c with every request; what is offered and not taken is ignored, as HTTP has it.
    shouldUpgradeCallback: ({ headers }) => !/\bh2c\b/i.test(headers.upgrade ?? ""),
  });
  server.maxConnections = doorLimits.connections;
  const door = new Door({
    admission: { tokens, sessions, allowedHosts },
    upstreams,
    parts: environment.parts ?? {},
    tables,
    passage: new Passage({ forwarder, works, trail, doorSecret, log }),
    named,
    own: new OwnRoutes({
      files: new Files(environment.consoleDir ?? consoleDirDefault),
      hub,
      trail,
      logs: new MergedLogs({ client, tables, works, headersFor }),
      named,
      works,
      traffic,
      client,
      iamUrl: upstreams.iam,
      headersFor,
      clusterIdFile,
      connections: () =>
        new Promise((resolve) =>
          server.getConnections((error, count) => resolve(error === null ? count : 0)),
        ),
    }),
    traffic,
    log,
  });
  server.on("request", (request, response) => void door.request(request, response));
  server.on("checkContinue", (request, response) => void door.request(request, response, true));
  server.on("upgrade", (request, socket, head) => void door.upgrade(request, socket, head));

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  assert(typeof address === "object" && address !== null, "a listening server has an address");
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${(address as AddressInfo).port}`;
  log.info("door.listening", { url });
  return {
    info: { url },
    close: async () => {
      hub.close();
      works.close();
      tables.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, forwarder.close(), client.close(), leading.close()]);
    },
  };
}
