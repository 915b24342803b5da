/** The `platform` process: identity, the store of secrets, and the door that leads to both. */
import type { BroughtAddresses } from "#contracts/brought-parts.ts";
import type { SecurityOptions } from "#foundation/access/index.ts";
import { start as startDoor } from "#platform/admin-router/main.ts";
import { start as startIam } from "#platform/iam/main.ts";
import { start as startSecrets } from "#platform/secrets/main.ts";
import { hostDaemon } from "../host.ts";

interface Config {
  readonly host: string;
  readonly dataDir: string;
  readonly doorSecret: string;
  readonly clusterIdFile: string;
  readonly iam: { readonly port: number };
  readonly secrets: { readonly port: number; readonly security: SecurityOptions };
  readonly door: {
    readonly port: number;
    readonly token: string;
    readonly parts: BroughtAddresses;
    readonly zk?: string;
    readonly upstreams: { readonly kernel: string; readonly services: string; readonly jobs: string };
  };
}

hostDaemon(async ({ host, dataDir, doorSecret, clusterIdFile, iam, secrets, door }: Config) => {
  const shared = { host, doorSecret, clusterIdFile };
  const identity = await startIam({ ...shared, port: iam.port, dataDir: `${dataDir}/iam` });
  const kept = await startSecrets({ host, doorSecret, ...secrets, dataDir: `${dataDir}/secrets` });
  const { upstreams } = door;
  const router = await startDoor({
    ...shared,
    ...door,
    upstreams: { ...upstreams, iam: identity.info.url, secrets: kept.info.url },
  });
  return {
    info: router.info,
    close: async () => {
      await router.close();
      await kept.close();
      await identity.close();
    },
  };
});
