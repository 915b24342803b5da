/** The agent's flags as `/flags` tells them: text, by the names of Mesos' flags. */

import { durationText } from "#foundation/base/duration-text.ts";
import { flagTexts } from "#foundation/base/flag-file.ts";
import { sandboxInImage } from "#kernel/containerizer/driver.ts";
import type { IsolationFacts } from "#kernel/containerizer/index.ts";
import { type AgentEnvironment, agentDefaults } from "../config.ts";
import { type AgentPolicy, defaultPolicy, historyLimits } from "../core/policy.ts";
import { imageFlags } from "./image-settings.ts";

export function shownFlags(
  environment: AgentEnvironment,
  workDir: string,
  isolation: IsolationFacts,
): Readonly<Record<string, string>> {
  const flags: Readonly<Record<string, string | undefined>> = {
    ip: environment.host,
    port: String(environment.port),
    hostname: environment.hostname ?? environment.host,
    master: environment.masterUrl,
    work_dir: workDir,
    resources: environment.resources,
    attributes: environment.attributes,
    default_role: environment.defaultRole ?? (environment.isPublic === true ? agentDefaults.publicRole : "*"),
    ...fixedFlags,
    isolation: isolationText(isolation, { ...defaultPolicy, ...environment.policy }),
    switch_user: String(process.getuid?.() === 0),
    fetcher_cache_size: `${environment.fetcherCacheBytesMax ?? agentDefaults.fetcherCacheBytesMax}B`,
    ...(environment.domain === undefined ? {} : { domain: JSON.stringify(environment.domain) }),
    ...securityFlags(environment),
    ...timeFlags({ ...defaultPolicy, ...environment.policy }),
    ...policyFlags(environment),
    ...flagTexts(environment.flags),
    ...imageFlags(environment),
  };
  return Object.fromEntries(
    Object.entries(flags).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** What Mesos lets an operator choose, and here is always so. */
const fixedFlags = {
  containerizers: "mesos",
  recover: "reconnect",
  strict: "true",
  sandbox_directory: sandboxInImage,
} as const;

/** Mesos' names of what is done here to keep containers apart; what is not done is not named. */
function isolationText({ cgroups, controllers, noImages }: IsolationFacts, policy: AgentPolicy): string {
  const has = (name: string): boolean => cgroups !== "none" && controllers.includes(name);
  return [
    ...(noImages === undefined ? ["filesystem/linux", "docker/runtime"] : ["filesystem/posix"]),
    has("cpu") ? "cgroups/cpu" : "posix/cpu",
    has("memory") ? "cgroups/mem" : "posix/mem",
    ...(policy.enforcesDisk ? ["disk/du"] : []),
    "posix/rlimits",
  ].join(",");
}

function securityFlags({
  security = {},
  executorTokenKey,
}: AgentEnvironment): Readonly<Record<string, string>> {
  const { authenticate = [] } = security;
  return {
    authenticate_http_readonly: String(authenticate.includes("readonly")),
    authenticate_http_readwrite: String(authenticate.includes("readwrite")),
    authenticate_http_executors: String(executorTokenKey !== undefined),
  };
}

const timeFlags = (policy: AgentPolicy): Readonly<Record<string, string>> => ({
  gc_delay: durationText(policy.gcDelayMs),
  gc_disk_headroom: String(policy.gcHeadroom),
  disk_watch_interval: durationText(policy.diskWatchMs),
  container_disk_watch_interval: durationText(policy.containerDiskWatchMs),
  enforce_container_disk_quota: String(policy.enforcesDisk),
  cgroups_enable_cfs: String(policy.enforcesCpus),
  registration_backoff_factor: durationText(policy.registrationBackoffMs),
  executor_registration_timeout: durationText(policy.executorRegistrationTimeoutMs),
  executor_reregistration_timeout: durationText(policy.executorReregistrationTimeoutMs),
  executor_shutdown_grace_period: durationText(policy.executorShutdownGraceMs),
  recovery_timeout: durationText(policy.recoveryTimeoutMs),
  reconfiguration_policy: policy.reconfiguration,
  max_completed_executors_per_framework: String(historyLimits.executorsPerFramework),
});

function policyFlags({
  revocableResources,
  seccompConfigDir,
  networkConfigDir,
  networkPluginsPath,
  volumePluginsPath,
  csiConfigDir,
  policy,
}: AgentEnvironment): Readonly<Record<string, string>> {
  const { loadThreshold5Min, loadThreshold15Min, qosCorrectionIntervalMs } = { ...defaultPolicy, ...policy };
  const { effectiveCapabilities, boundingCapabilities, seccompProfile } = policy ?? {};
  const capabilities = (names: readonly string[]): string => JSON.stringify({ capabilities: names });
  return {
    ...(effectiveCapabilities === undefined
      ? {}
      : { effective_capabilities: capabilities(effectiveCapabilities) }),
    ...(boundingCapabilities === undefined
      ? {}
      : { bounding_capabilities: capabilities(boundingCapabilities) }),
    ...(networkConfigDir === undefined ? {} : { network_cni_config_dir: networkConfigDir }),
    ...(networkPluginsPath === undefined ? {} : { network_cni_plugins_dir: networkPluginsPath }),
    ...(csiConfigDir === undefined ? {} : { csi_plugin_config_dir: csiConfigDir }),
    ...(volumePluginsPath === undefined ? {} : { docker_volume_plugins_dir: volumePluginsPath }),
    ...(seccompConfigDir === undefined ? {} : { seccomp_config_dir: seccompConfigDir }),
    ...(seccompProfile === undefined ? {} : { seccomp_profile_name: seccompProfile }),
    ...(revocableResources === undefined
      ? {}
      : { resource_estimator: "org_apache_mesos_FixedResourceEstimator" }),
    ...(loadThreshold5Min === undefined && loadThreshold15Min === undefined
      ? {}
      : {
          qos_controller: "org_apache_mesos_LoadQoSController",
          qos_correction_interval_min: durationText(qosCorrectionIntervalMs),
        }),
  };
}
