/** Mesos' flags of a master by their names, as settings of ours. Source: contract mesos.md section 10. */
import { decodeMessage } from "#contracts/kernel/json-codec.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import {
  booleanFlag,
  durationFlag,
  type FlagReader,
  listFlag,
  numberFlag,
  readFlagFile,
  textFlag,
} from "#foundation/base/flag-file.ts";
import type { AllocatorPolicy, MinimumQuantities } from "#kernel/allocator/index.ts";
import { fixedFlags, type MasterEnvironment } from "./config.ts";
import { defaultMasterPolicy, type MasterPolicy, type RemovalRate } from "./core/index.ts";

interface Settings {
  readonly environment?: Partial<
    Pick<MasterEnvironment, "domain" | "clusterName" | "zk" | "zkSessionTimeoutMs">
  >;
  readonly policy?: Partial<MasterPolicy>;
  readonly allocator?: Partial<AllocatorPolicy>;
}

const policy =
  <Value>(read: FlagReader<Value>, settings: (value: Value) => Partial<MasterPolicy>): FlagReader<Settings> =>
  (value) => ({ policy: settings(read(value)) });
const allocator =
  <Value>(
    read: FlagReader<Value>,
    settings: (value: Value) => Partial<AllocatorPolicy>,
  ): FlagReader<Settings> =>
  (value) => ({ allocator: settings(read(value)) });
const whole: FlagReader<number> = (value) => numberFlag(value, { isWhole: true });

/** `1/10mins`: so many agents in so long a time. */
const rate: FlagReader<RemovalRate> = (value) => {
  const [, agents = "", time = ""] = /^(\d+)\/(.+)$/.exec(textFlag(value)) ?? [];
  if (Number(agents) === 0) throw new RangeError(`${JSON.stringify(value)} is no rate; write it as 1/10mins`);
  return { agents: Number(agents), perMs: durationFlag(time) };
};

/** `cpus:0.01|mem:32`: one of these sets must be in an offer. */
const minimums: FlagReader<readonly MinimumQuantities[]> = (value) =>
  textFlag(value)
    .split("|")
    .map((set) => {
      const resources = parseResourcesText(set);
      return new Map(resources.entries.map(({ name }) => [name, resources.scalarMillis(name)]));
    });

/** Says what holds anyway. */
const always =
  (only: string): FlagReader<Settings> =>
  (value) => {
    if (String(value) !== only) throw new RangeError(`${JSON.stringify(value)}: only ${only} is supported`);
    return {};
  };

const readers: Readonly<Record<string, FlagReader<Settings>>> = {
  cluster: (value) => ({ environment: { clusterName: textFlag(value) } }),
  zk: (value) => ({ environment: { zk: textFlag(value) } }),
  zk_session_timeout: (value) => ({ environment: { zkSessionTimeoutMs: durationFlag(value) } }),
  domain: (value) => ({ environment: { domain: decodeMessage("DomainInfo", value) } }),
  agent_ping_timeout: policy(durationFlag, (pingIntervalMs) => ({ pingIntervalMs })),
  max_agent_ping_timeouts: policy(whole, (missedPingsMax) => ({ missedPingsMax })),
  agent_reregister_timeout: policy(durationFlag, (agentReregisterTimeoutMs) => ({
    agentReregisterTimeoutMs,
  })),
  agent_removal_rate_limit: policy(rate, (agentRemovalRate) => ({ agentRemovalRate })),
  max_completed_frameworks: policy(whole, (completedFrameworksMax) => ({ completedFrameworksMax })),
  max_completed_tasks_per_framework: policy(whole, (completedTasksMax) => ({ completedTasksMax })),
  max_unreachable_tasks_per_framework: policy(whole, (unreachableTasksMax) => ({ unreachableTasksMax })),
  registry_max_agent_count: policy(whole, (agents) => ({
    unreachableAgentsMax: agents,
    goneAgentsMax: agents,
  })),
  root_submissions: policy(booleanFlag, (rootSubmissions) => ({ rootSubmissions })),
  roles: policy(listFlag, (roles) => ({ roles })),
  offer_timeout: policy(durationFlag, (offerTimeoutMs) => ({ offerTimeoutMs })),
  require_agent_domain: policy(booleanFlag, (requireAgentDomain) => ({ requireAgentDomain })),
  allocator_agent_recovery_factor: policy(numberFlag, (allocatorAgentRecoveryFactor) => ({
    allocatorAgentRecoveryFactor,
  })),
  allocator_recovery_timeout: policy(durationFlag, (allocatorRecoveryTimeoutMs) => ({
    allocatorRecoveryTimeoutMs,
  })),
  allocation_interval: allocator(durationFlag, (allocationIntervalMs) => ({ allocationIntervalMs })),
  min_allocatable_resources: allocator(minimums, (found) => ({ minimums: found })),
  fair_sharing_excluded_resource_names: allocator(listFlag, (excludedNames) => ({ excludedNames })),
  ...Object.fromEntries(Object.entries(fixedFlags).map(([name, only]) => [name, always(only)])),
  filter_gpu_resources: allocator(booleanFlag, (filterGpus) => ({ filterGpus })),
};

/** With what its flags say; they go before what else was given. Throws RangeError that names the flag. */
export function withFlags(environment: MasterEnvironment): MasterEnvironment {
  if (environment.flags === undefined) return environment;
  let settled = environment;
  for (const given of readFlagFile(environment.flags, readers)) {
    const before = settled.policy?.allocator ?? defaultMasterPolicy.allocator;
    settled = {
      ...settled,
      ...given.environment,
      policy: { ...settled.policy, ...given.policy, allocator: { ...before, ...given.allocator } },
    };
  }
  return settled;
}
