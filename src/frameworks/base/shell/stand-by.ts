/** A framework of which several processes are started: it passes requests on until it leads, and then is the framework. */
import { openAccess, type SecurityOptions } from "#foundation/access/index.ts";
import { latchFolder, type OverCause, openCandidacy, type Seat } from "#foundation/election/index.ts";
import { createHttpServer, type HttpServer } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import { exitsWith } from "./exits-with.ts";
import { LeaderProxy, type ProxyManners } from "./leader-proxy.ts";

export interface RunningFramework {
  readonly info: { readonly url: string };
  close(): Promise<void>;
}

export interface StandbyOptions {
  /** First word of what is logged. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly allowedHosts?: readonly string[];
  /** `zk://…`: candidates are below it as those of Marathon and Metronome were. */
  readonly zk: string;
  readonly zkSessionTimeoutMs?: number;
  readonly bodyBytesMax?: number;
  readonly realm: string;
  readonly doorSecret: string | undefined;
  readonly security: SecurityOptions | undefined;
  readonly manners: ProxyManners;
  /** What this process answers itself; everything else is passed on. */
  readonly addRoutes: (server: HttpServer, proxy: LeaderProxy) => void;
  readonly lead: (seat: Seat, port: number) => Promise<RunningFramework>;
  readonly log: Logger;
}

/** Source: contract marathon.md section 19.3. */
const exitCodes: Readonly<Record<OverCause, number>> = { unreachable: 100, lost: 101, failed: 1 };
const everyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export async function standBy(options: StandbyOptions): Promise<RunningFramework> {
  const { name, host, port, zk, zkSessionTimeoutMs, manners, doorSecret, log } = options;
  // Who asks is judged here as by the leader, which takes what comes from this machine's processes as ours.
  const access = openAccess(options.security ?? {}, {
    realm: options.realm,
    holdsToGrants: true,
    doorSecret,
    now: () => Date.now(),
  });
  const server = createHttpServer({
    host,
    port,
    guard: access.guard,
    ...(options.allowedHosts === undefined ? {} : { allowedHosts: options.allowedHosts }),
    ...(options.bodyBytesMax === undefined ? {} : { bodyBytesMax: options.bodyBytesMax }),
    onBug: (error, where) => log.error(`${name}.standbyBug`, { ...where, error: String(error) }),
  });
  let self = "";
  const proxy = new LeaderProxy(manners, () => self);
  options.addRoutes(server, proxy);
  server.route({ method: everyMethod, path: "/*", handler: (request) => proxy.pass(request) });
  const { url, port: bound } = await server.listen();
  self = url.slice("http://".length);
  log.info(`${name}.standsBy`, { url });
  const candidacy = await openCandidacy({
    zk,
    folder: latchFolder,
    shape: "latch",
    data: self,
    ...(zkSessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: zkSessionTimeoutMs }),
    secret: doorSecret,
    standby: {
      close: async () => {
        await server.close();
        await Promise.all([proxy.close(), access.close()]);
      },
    },
    onLeader: (leader) => {
      proxy.leader = leader;
      log.info(`${name}.leader`, { leader });
    },
    lead: (seat) => options.lead(seat, bound),
    onOver: (cause, error) =>
      exitsWith(log)(`${name}.electionOver`, `${cause}: ${String(error)}`, exitCodes[cause]),
  });
  return { info: { url }, close: () => candidacy.close() };
}
