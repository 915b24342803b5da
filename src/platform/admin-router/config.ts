/** What the door is started with. */
import type { BroughtAddresses } from "#contracts/brought-parts.ts";
import type { Clock } from "#foundation/runtime/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";

/** Daemons behind the door, by `http://host:port`. */
export interface Upstreams {
  readonly kernel: string;
  readonly services: string;
  readonly jobs: string;
  readonly iam: string;
  readonly secrets: string;
}

export interface DoorEnvironment {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The cluster's own token: a superuser's, for programs on this machine. */
  readonly token: string;
  /** Shared with the daemons behind: they believe what is said beside it. */
  readonly doorSecret: string;
  readonly upstreams: Upstreams;
  /** `zk://…`: kernel, services and jobs that lead are found below it, and those above are asked while none is known. */
  readonly zk?: string;
  readonly parts?: BroughtAddresses;
  /** Names besides loopback ones under which the console answers, without ports. */
  readonly allowedHosts?: readonly string[];
  /** Folder with the built console. Default: `ui/dist` of this program. */
  readonly consoleDir?: string;
  /** File with the cluster's id. */
  readonly clusterIdFile?: string;
  readonly log?: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export const doorLimits = {
  /** Source: contract platform.md section 1.7. */
  bodyBytes: 1_073_741_824,
  serviceBodyBytes: 34_359_738_368,
  headerBytes: 32_768,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 75_000,
  connections: 20_000,
  /** Of a body's beginning that is looked at for the audit trail. */
  auditedBodyBytes: 4_096,
} as const;
