/** The `frameworks` process: what schedules through the kernel's API. Each has a subscription and a store of its own. */

import type { SecurityOptions } from "#foundation/access/index.ts";
import { type JobsEnvironment, start as startJobs } from "#frameworks/jobs/main.ts";
import { type ServicesEnvironment, start as startServices } from "#frameworks/services/main.ts";
import { hostDaemon } from "../host.ts";

interface Config {
  readonly host: string;
  readonly dataDir: string;
  readonly masterUrl: string;
  readonly doorSecret: string;
  readonly security: SecurityOptions;
  readonly services: Pick<ServicesEnvironment, "port" | "policy" | "secretsUrl">;
  readonly jobs: Pick<JobsEnvironment, "port" | "policy" | "secretsUrl">;
}

hostDaemon(async ({ host, dataDir, masterUrl, doorSecret, security, services, jobs }: Config) => {
  const shared = { host, masterUrl, doorSecret, security };
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
