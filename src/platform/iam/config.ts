/** What the identity service is started with. */
import type { Logger } from "#foundation/telemetry/index.ts";
import type { LoginLimitPolicy } from "./core/login-limits.ts";

export interface IamEnvironment {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Users, links, the audit log, and the signing key. */
  readonly dataDir: string;
  /** Shared with the door: who brings it is believed about who asks. */
  readonly doorSecret?: string;
  /** File with the cluster's id. Without it the id is empty in `/uiconfig`. */
  readonly clusterIdFile?: string;
  /** Life of a token. Default 5 days. */
  readonly tokenLifeMs?: number;
  /** Cookies for https only. Default false: a cluster on this machine speaks http. */
  readonly secureCookies?: boolean;
  readonly loginLimits?: LoginLimitPolicy;
  readonly log?: Logger;
}

/** Source: DC/OS, default life of an authentication token. */
export const tokenLifeMsDefault = 5 * 86_400_000;
