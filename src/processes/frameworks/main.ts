/** The `frameworks` process: services, and what else schedules through the kernel's API. */

import type { SecurityOptions } from "#foundation/access/index.ts";
import { start as startServices } from "#frameworks/services/main.ts";
import { hostDaemon } from "../host.ts";

interface Config {
  readonly host: string;
  readonly dataDir: string;
  readonly masterUrl: string;
  readonly doorSecret: string;
  readonly security: SecurityOptions;
  readonly services: { readonly port: number };
}

hostDaemon(async ({ host, dataDir, masterUrl, doorSecret, security, services }: Config) =>
  startServices({
    host,
    port: services.port,
    dataDir: `${dataDir}/services`,
    masterUrl,
    doorSecret,
    security,
  }),
);
