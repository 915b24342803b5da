/** Every option of an agent: default, unit, meaning. */

import type { DomainInfo } from "#contracts/kernel/messages.gen.ts";

import type { Credential, SecurityOptions } from "#foundation/access/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { TlsFiles } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { AgentPolicy } from "./core/policy.ts";

export interface AgentEnvironment {
  /** Address to listen at; also the one told to others unless `advertiseIp` says otherwise. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Everything of this agent: records, sandboxes, containers. */
  readonly dataDir: string;
  /**
   * `http://host:port` of the master, or `https://…` by a name in its certificate; `zk://…`: the one that leads there, by
   * https where the agent has `tls`.
   */
  readonly masterUrl: string;
  /** Default 10 s. Source: Mesos flag `--zk_session_timeout`. */
  readonly zkSessionTimeoutMs?: number;
  /** Default: `host`. */
  readonly advertiseIp?: string;
  /** Name told to frameworks. Default: `host`. */
  readonly hostname?: string;
  /** `cpus:4;mem:2048;ports:[31000-32000]` or JSON. Default: what this machine has. */
  readonly resources?: string;
  /**
   * `cpus:2;mem:1024`: offered besides what the machine has, as revocable, to frameworks that take such
   * (REVOCABLE_RESOURCES). A fixed estimate of what tasks don't use of their own. Default: nothing.
   */
  readonly revocableResources?: string;
  /** `rack:a;level:3`. Default: none. */
  readonly attributes?: string;
  /** Region and zone; the master must have a domain too. Default: none. */
  readonly domain?: DomainInfo;
  /** Role that resources without one are reserved for. Default `*`. */
  readonly defaultRole?: string;
  /** Agents that share this machine: what it has is divided by it. Default 1. */
  readonly agentCount?: number;
  /** Ports for the tasks of all of them together, where `resources` names none. Default 31000 to 32000. */
  readonly taskPorts?: { readonly begin: number; readonly end: number };
  /** Which of them this is, from 0. */
  readonly index?: number;
  /** A public agent: reserved for `slave_public`, with the attribute `public_ip:true`. */
  readonly isPublic?: boolean;
  /** File that `/slave/log` shows. Default: nothing is shown. */
  readonly logFile?: string;
  /** Bytes of one file of a task's stdout or stderr before it is rotated. Default 10 MB. */
  readonly logBytesMax?: number;
  /** Older files kept beside the newest, each stream. Default 9. */
  readonly logFilesKept?: number;
  /** Bytes of files that tasks fetch with `cache` and share. Default 2 GiB; 0 shares nothing. */
  readonly fetcherCacheBytesMax?: number;
  /** Shared with the door: who brings it is believed about who asks (`callerOf` of foundation/http). */
  readonly doorSecret?: string;
  /**
   * Key of the tokens that executors prove themselves with (HS256): with it, each gets one in its environment and the
   * executor API takes nobody else. Keep it over restarts. Default: executors are believed.
   */
  readonly executorTokenKey?: string;
  /** What the agent says to its master. Default: `doorSecret`. */
  readonly credential?: Credential;
  /** Who must say who they are, and who may what. Default: everybody everything. */
  readonly security?: SecurityOptions;
  /** The port speaks https, and an https `masterUrl` is called with the same certificate and CA. Default: plain HTTP. */
  readonly tls?: TlsFiles;
  /** Where images come from that name no registry: `registry.example:5000`, `http://…`. Default: Docker's. */
  readonly dockerRegistry?: string;
  /** Docker's config.json, or its absolute path: credentials for images that bring none. Default: none. */
  readonly dockerConfig?: string;
  /** Folder of profiles of system calls that tasks may name. Default: none. */
  readonly seccompConfigDir?: string;
  /** Folder of descriptions of networks (CNI) that containers may be in. Default: there is `mesos-bridge` only. */
  readonly networkConfigDir?: string;
  /** Folders of plugins (CNI), as PATH has them. Default: `/usr/lib/cni:/opt/cni/bin`. */
  readonly networkPluginsPath?: string;
  /** Folders in which volume plugins are found, as PATH has them. Default: Docker's. */
  readonly volumePluginsPath?: string;
  /** Folder of descriptions of CSI plugins (`CSIPluginInfo`). Default: there are none. */
  readonly csiConfigDir?: string;
  /** Mesos' flags by their names, as `flags.ts` knows them; they go before the fields here. */
  readonly flags?: JsonValue;
  readonly policy?: Partial<AgentPolicy>;
  readonly log?: Logger;
  /** Called when the agent cannot go on. Default: ends this process. */
  readonly onFatal?: (reason: string) => void;
}

export const agentDefaults = {
  logBytesMax: 10_485_760,
  logFilesKept: 9,
  fetcherCacheBytesMax: 2_147_483_648,
  publicRole: "slave_public",
} as const;
