/** The agent's flags as `/flags` tells them: text, by the names of Mesos' flags. */
import { flagTexts } from "#foundation/base/flag-file.ts";
import { type AgentEnvironment, agentDefaults } from "../config.ts";
import { durationText } from "../core/duration-text.ts";
import { defaultPolicy } from "../core/policy.ts";
import { imageFlags } from "./image-settings.ts";

export function shownFlags(environment: AgentEnvironment, workDir: string): Readonly<Record<string, string>> {
  const flags: Readonly<Record<string, string | undefined>> = {
    ip: environment.host,
    port: String(environment.port),
    hostname: environment.hostname,
    master: environment.masterUrl,
    work_dir: workDir,
    resources: environment.resources,
    attributes: environment.attributes,
    default_role: environment.defaultRole ?? (environment.isPublic === true ? agentDefaults.publicRole : "*"),
    containerizers: "mesos",
    switch_user: String(process.getuid?.() === 0),
    ...policyFlags(environment),
    gc_delay: "1weeks",
    registration_backoff_factor: "1secs",
    ...flagTexts(environment.flags),
    ...imageFlags(environment),
  };
  return Object.fromEntries(
    Object.entries(flags).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function policyFlags({
  revocableResources,
  seccompConfigDir,
  networkConfigDir,
  networkPluginsPath,
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
