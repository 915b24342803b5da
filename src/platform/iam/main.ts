/** The identity service as a daemon: what it is made of, top to bottom. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openAuditLog } from "#foundation/audit/index.ts";
import { createHttpServer, json } from "#foundation/http/index.ts";
import { createCoreHost, nodeTimers, systemClock } from "#foundation/runtime/index.ts";
import { openStore } from "#foundation/store/index.ts";
import { createLogger } from "#foundation/telemetry/index.ts";
import { type IamEnvironment, tokenLifeMsDefault } from "./config.ts";
import { createIamCore, type IamEffect, type IamEvent, type IamResult } from "./core/iam-core.ts";
import { LoginLimits } from "./core/login-limits.ts";
import { addAclRoutes } from "./shell/acl-routes.ts";
import { errorAnswer, withRefusals } from "./shell/answers.ts";
import { addAuthRoutes } from "./shell/auth-routes.ts";
import type { IamContext } from "./shell/context.ts";
import { addGroupRoutes } from "./shell/group-routes.ts";
import { addOtherRoutes } from "./shell/other-routes.ts";
import { addInternalRoutes, addOwnRoutes } from "./shell/own-routes.ts";
import { Passwords } from "./shell/passwords.ts";
import { openSigningKey } from "./shell/signing-key.ts";
import { addUserRoutes } from "./shell/user-routes.ts";

export interface RunningIam {
  readonly info: { readonly url: string };
  close(): Promise<void>;
}

const bodyBytesMax = 65_536;

export async function start(environment: IamEnvironment): Promise<RunningIam> {
  const { host, port, dataDir, doorSecret, clusterIdFile } = environment;
  const log = environment.log ?? createLogger("iam");
  const clock = systemClock;
  const die = (event: string, error: unknown): void => {
    log.error(event, { error: String(error) });
    process.exit(1);
  };

  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const [store, key] = await Promise.all([
    openStore(
      { kind: "embedded", path: join(dataDir, "iam.db") },
      { onLost: (error) => die("iam.storeLost", error) },
    ),
    openSigningKey(join(dataDir, "signing-key.pem")),
  ]);
  const loaded = await Promise.all(["users", "groups", "acls", "links"].map((name) => store.load(name)));
  const records = new Map(loaded.flatMap((each) => [...each]));
  const core = createIamCore(records);
  const audit = await openAuditLog({ store, source: "iam", now: () => clock.now() });
  const coreHost = createCoreHost<IamEvent, IamEffect>({
    core,
    clock,
    timers: nodeTimers,
    storage: store,
    perform: (effect) => perform(effect),
    onFatal: (error) => die("iam.failed", error),
  });

  const waiting = new Map<number, (result: IamResult) => void>();
  let requests = 0;
  const context: IamContext = {
    core,
    key,
    passwords: new Passwords(),
    doorSecret,
    secureCookies: environment.secureCookies ?? false,
    tokenLifeMs: environment.tokenLifeMs ?? tokenLifeMsDefault,
    now: () => clock.now(),
    ask: (event) =>
      new Promise((resolve) => {
        requests += 1;
        waiting.set(requests, resolve);
        coreHost.dispatch({ ...event, request: requests } as IamEvent);
      }),
    audit: (entry) => audit.append(entry),
  };
  const server = createHttpServer({
    host,
    port,
    bodyBytesMax,
    shapeFailure: ({ code, message, status, details }, { path }) =>
      path.startsWith("/keelson/")
        ? json({ code, message, details }, status)
        : errorAnswer(status, `ERR_${upperSnake(code)}`, message),
    onBug: (error, where) =>
      log.error("iam.bug", {
        ...where,
        error: String(error),
        stack: error instanceof Error ? error.stack : "",
      }),
  });
  const api = withRefusals(server);
  addAuthRoutes(api, context, new LoginLimits(environment.loginLimits));
  addUserRoutes(api, context);
  addGroupRoutes(api, context);
  addAclRoutes(api, context);
  addOtherRoutes(api, context, clusterIdFile);
  const events = addInternalRoutes(api, context, audit);
  addOwnRoutes(api, context, audit);

  function perform(effect: IamEffect): void {
    switch (effect.kind) {
      case "reply":
        waiting.get(effect.request)?.(effect.result);
        waiting.delete(effect.request);
        return undefined;
      case "userChanged":
        log.info("iam.userChanged", { uid: effect.uid, change: effect.change });
        return events.tell({ uid: effect.uid, change: effect.change });
    }
  }

  coreHost.dispatch({ kind: "started" });
  const { url } = await server.listen();
  log.info("iam.listening", { url });
  return {
    info: { url },
    close: async () => {
      events.close();
      await server.close();
      await coreHost.close();
      await store.close();
    },
  };
}

const upperSnake = (code: string): string => code.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
