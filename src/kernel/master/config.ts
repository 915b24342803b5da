/** What a master is started with. */

import type { DomainInfo } from "#contracts/kernel/messages.gen.ts";

import type { SecurityOptions } from "#foundation/access/index.ts";
import { durationText } from "#foundation/base/duration-text.ts";
import { flagTexts } from "#foundation/base/flag-file.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { TlsFiles } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { AllocatorPolicy } from "#kernel/allocator/index.ts";
import type { MasterPolicy } from "./core/index.ts";

export interface MasterEnvironment {
  /** Address to listen on, and how agents and frameworks are told to find it. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Folder of the registry. */
  readonly dataDir: string;
  /**
   * `zk://…`: several masters are started, and one leads at a time; the registry is there. Default: one master, with a
   * file of its own. Source: Mesos flag `--zk`.
   */
  readonly zk?: string;
  /** Default 10 s. Source: Mesos flag `--zk_session_timeout`. */
  readonly zkSessionTimeoutMs?: number;
  /** Names besides loopback ones that clients may call it by. */
  readonly allowedHosts?: readonly string[];
  /** Shared with the door: who brings it is believed about who asks (`callerOf` of foundation/http). */
  readonly doorSecret?: string;
  /** Region and zone it is in; agents may say theirs only when it has one. */
  readonly domain?: DomainInfo;
  /** Shown to people. Default: `keelson`. */
  readonly clusterName?: string;
  /** Who must say who they are, and who may what. Default: everybody everything. */
  readonly security?: SecurityOptions;
  /** The port, agents' links with it, speaks https. Default: plain HTTP. */
  readonly tls?: TlsFiles;
  /** Mesos' flags by their names, as `flags.ts` knows them; they go before the fields here. */
  readonly flags?: JsonValue;
  readonly policy?: Partial<MasterPolicy>;
  readonly log?: Logger;
  /** File this process logs to, for `/files/read?path=/master/log`. */
  readonly logFile?: string;
}

/** Streams of events for operators; the oldest gives way to one more. */
export const operatorSubscribersMax = 1_000;

export const defaultClusterName = "keelson";

/** Flags as `/flags` and `/state` show them; names are Mesos'. */
export function flagsOf(
  environment: MasterEnvironment,
  policy: MasterPolicy,
): Readonly<Record<string, string>> {
  const { host, port, dataDir, zk, zkSessionTimeoutMs, clusterName, domain } = environment;
  const { security = {}, flags } = environment;
  return {
    ip: host,
    port: String(port),
    work_dir: dataDir,
    ...(zk === undefined ? {} : { zk }),
    ...(zkSessionTimeoutMs === undefined ? {} : { zk_session_timeout: durationText(zkSessionTimeoutMs) }),
    hostname: host,
    cluster: clusterName ?? defaultClusterName,
    ...(domain === undefined ? {} : { domain: JSON.stringify(domain) }),
    agent_ping_timeout: durationText(policy.pingIntervalMs),
    max_agent_ping_timeouts: String(policy.missedPingsMax),
    agent_reregister_timeout: durationText(policy.agentReregisterTimeoutMs),
    ...(policy.agentRemovalRate === undefined
      ? {}
      : {
          agent_removal_rate_limit: `${policy.agentRemovalRate.agents}/${durationText(policy.agentRemovalRate.perMs)}`,
        }),
    ...fixedFlags,
    allocation_interval: durationText(policy.allocator.allocationIntervalMs),
    min_allocatable_resources: minimumsText(policy.allocator),
    registry_max_agent_count: String(policy.goneAgentsMax),
    ...(policy.roles === undefined ? {} : { roles: policy.roles.join(",") }),
    max_completed_frameworks: String(policy.completedFrameworksMax),
    max_completed_tasks_per_framework: String(policy.completedTasksMax),
    max_unreachable_tasks_per_framework: String(policy.unreachableTasksMax),
    allocator_agent_recovery_factor: String(policy.allocatorAgentRecoveryFactor),
    allocator_recovery_timeout: durationText(policy.allocatorRecoveryTimeoutMs),
    ...(policy.offerTimeoutMs === undefined ? {} : { offer_timeout: durationText(policy.offerTimeoutMs) }),
    fair_sharing_excluded_resource_names: policy.allocator.excludedNames.join(","),
    filter_gpu_resources: String(policy.allocator.filterGpus),
    require_agent_domain: String(policy.requireAgentDomain),
    ...securityFlags(security),
    root_submissions: String(policy.rootSubmissions),
    ...flagTexts(flags),
  };
}

/** What Mesos lets an operator choose, and here is always so; `flags.ts` takes nothing else. */
export const fixedFlags = {
  allocator: "hierarchical",
  role_sorter: "drf",
  framework_sorter: "drf",
  publish_per_framework_metrics: "true",
  max_operator_event_stream_subscribers: String(operatorSubscribersMax),
} as const;

const minimumsText = ({ minimums }: AllocatorPolicy): string =>
  minimums.map((set) => [...set].map(([name, millis]) => `${name}:${millis / 1000}`).join(";")).join("|");

/** Lists and credentials themselves are never shown. */
function securityFlags({
  acls,
  credentials,
  authenticate = [],
}: SecurityOptions): Readonly<Record<string, string>> {
  return {
    authenticate_http_readonly: String(authenticate.includes("readonly")),
    authenticate_http_readwrite: String(authenticate.includes("readwrite")),
    authenticate_http_frameworks: String(authenticate.includes("frameworks")),
    authenticate_agents: String(authenticate.includes("agents")),
    ...(acls === undefined ? {} : { acls: "(given)" }),
    ...(credentials === undefined ? {} : { credentials: "(given)" }),
  };
}
