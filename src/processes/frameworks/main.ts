/** The `frameworks` process: services, and what else schedules through the kernel's API. */

import type { SecurityOptions } from "#foundation/access/index.ts";
import { type ServicesEnvironment, start as startServices } from "#frameworks/services/main.ts";
import { hostDaemon } from "../host.ts";

interface Config {
  readonly host: string;
  readonly dataDir: string;
  readonly masterUrl: string;
  readonly doorSecret: string;
  readonly security: SecurityOptions;
  readonly services: Pick<ServicesEnvironment, "port" | "policy">;
}

hostDaemon(async ({ host, dataDir, masterUrl, doorSecret, security, services }: Config) =>
  startServices({
    host,
    ...services,
    dataDir: `${dataDir}/services`,
    masterUrl,
    doorSecret,
    security,
  }),
);
