/** The store of secrets as a daemon: what it is made of, top to bottom. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { listAudit } from "#contracts/observe/audit.ts";
import { openAccess } from "#foundation/access/index.ts";
import { openAuditLog } from "#foundation/audit/index.ts";
import { callerOf, createHttpServer, EndpointSet, json, nameOf } from "#foundation/http/index.ts";
import { createCoreHost, nodeTimers, systemClock } from "#foundation/runtime/index.ts";
import { openStore } from "#foundation/store/index.ts";
import { createLogger } from "#foundation/telemetry/index.ts";
import type { SecretsEnvironment } from "./config.ts";
import {
  createSecretsCore,
  type SecretResult,
  type SecretsEffect,
  type SecretsEvent,
  secretKeyPrefix,
} from "./core/secrets-core.ts";
import { errorAnswer } from "./shell/answers.ts";
import type { SecretsContext } from "./shell/context.ts";
import { openSeal } from "./shell/seal.ts";
import { addSecretRoutes, demandAudit } from "./shell/secret-routes.ts";
import { addStoreRoutes } from "./shell/store-routes.ts";

export interface RunningSecrets {
  readonly info: { readonly url: string };
  close(): Promise<void>;
}

export async function start(environment: SecretsEnvironment): Promise<RunningSecrets> {
  const { host, port, dataDir, doorSecret, security } = environment;
  const log = environment.log ?? createLogger("secrets");
  const clock = systemClock;
  const now = (): number => clock.now();
  const die = (event: string, error: unknown): void => {
    log.error(event, { error: String(error) });
    process.exit(1);
  };

  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const seal = openSeal(join(dataDir, "key"));
  const store = await openStore(
    { kind: "embedded", path: join(dataDir, "secrets.db") },
    { onLost: (error) => die("secrets.storeLost", error) },
  );
  const core = createSecretsCore(new Map(await store.load(secretKeyPrefix)));
  const audit = await openAuditLog({ store, source: "secrets", now });
  const waiting = new Map<number, (result: SecretResult) => void>();
  let requests = 0;
  const coreHost = createCoreHost<SecretsEvent, SecretsEffect>({
    core,
    clock,
    timers: nodeTimers,
    storage: store,
    perform: ({ request, result }) => {
      waiting.get(request)?.(result);
      waiting.delete(request);
    },
    onFatal: (error) => die("secrets.failed", error),
  });

  const access = openAccess(security, { realm: "secrets", holdsToGrants: true, doorSecret, now });
  const server = createHttpServer({
    host,
    port,
    guard: access.guard,
    shapeFailure: ({ code, message, status, details }, { path }) =>
      path.startsWith("/keelson/")
        ? json({ code, message, details }, status)
        : errorAnswer({ status, code: `ERR_${code}`, message }),
    onBug: (error, where) => log.error("secrets.bug", { ...where, error: String(error) }),
  });
  const context: SecretsContext = {
    core,
    seal,
    grantsOf: access.grantsOf,
    now,
    ask: (event) =>
      new Promise((resolve) => {
        requests += 1;
        waiting.set(requests, resolve);
        coreHost.dispatch({ ...event, request: requests } as SecretsEvent);
      }),
    audit: async (request, action, path, status) =>
      audit.append({
        user: nameOf(request.principal) ?? "",
        from: callerOf(request, doorSecret).from,
        action,
        object: path,
        method: request.method,
        path: request.path,
        status,
        changes: [],
      }),
  };
  addSecretRoutes(server, context);
  addStoreRoutes(server);
  const endpoints = new EndpointSet("Keelson secrets");
  endpoints.add(listAudit, ({ query, request }) => {
    demandAudit(context, request);
    return audit.list(query);
  });
  endpoints.serveOn(server);
  const { url } = await server.listen();
  log.info("secrets.listening", { url });
  return {
    info: { url },
    close: async () => {
      await server.close();
      await access.close();
      await coreHost.close();
      await store.close();
    },
  };
}
