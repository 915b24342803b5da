/** The `frameworks` process: what schedules through the kernel's API. Each has a subscription and a store of its own; where several of
 * these processes are started, each stands for election by itself, and one that ends ends both. */

import type { SecurityOptions } from "#foundation/access/index.ts";
import { type JobsEnvironment, start as startJobs } from "#frameworks/jobs/main.ts";
import { type ServicesEnvironment, start as startServices } from "#frameworks/services/main.ts";
import { hostDaemon } from "../host.ts";

interface Config {
  readonly host: string;
  readonly dataDir: string;
  /** Also `zk://…`. */
  readonly masterUrl: string;
  readonly zkSessionTimeoutMs?: number;
  readonly doorSecret: string;
  readonly security: SecurityOptions;
  readonly services: Pick<ServicesEnvironment, "port" | "policy" | "flags" | "secretsUrl" | "zk">;
  readonly jobs: Pick<JobsEnvironment, "port" | "policy" | "secretsUrl" | "zk">;
}

hostDaemon(async ({ dataDir, services, jobs, ...shared }: Config) => {
  const [first, second] = await Promise.all([
    startServices({ ...shared, ...services, dataDir: `${dataDir}/services` }),
    startJobs({ ...shared, ...jobs, dataDir: `${dataDir}/jobs` }),
  ]);
  return {
    info: { ...first.info, jobsUrl: second.info.url },
    close: async () => {
      await Promise.all([first.close(), second.close()]);
    },
  };
});
