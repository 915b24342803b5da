/** Mesos' flags of an agent by their names, as settings of ours. Source: contract mesos.md section 10. */
import { decodeMessage } from "#contracts/kernel/json-codec.ts";
import {
  booleanFlag,
  bytesFlag,
  durationFlag,
  type FlagReader,
  listFlag,
  numberFlag,
  readFlagFile,
  textFlag,
} from "#foundation/base/flag-file.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import { capabilityNames } from "#kernel/containerizer/index.ts";
import type { AgentEnvironment } from "./config.ts";
import type { ImageGc } from "./core/image-collection.ts";
import type { AgentPolicy } from "./core/policy.ts";

type Settings = Omit<Partial<AgentEnvironment>, "policy"> & { readonly policy?: Partial<AgentPolicy> };

const policy =
  <Value>(read: FlagReader<Value>, settings: (value: Value) => Partial<AgentPolicy>): FlagReader<Settings> =>
  (value) => ({ policy: settings(read(value)) });

/** `{"capabilities": ["NET_RAW"]}`; a file has it as text or as what it stands for. */
function capabilities(value: JsonValue): readonly string[] {
  const given = typeof value === "string" ? (JSON.parse(value) as JsonValue) : value;
  const names = listFlag((isJsonObject(given) ? given["capabilities"] : undefined) ?? null);
  const unknown = names.find((name) => !(capabilityNames as readonly string[]).includes(name));
  if (unknown !== undefined) throw new RangeError(`${unknown} is no capability`);
  return names;
}

/** As Mesos has it, as text or as what it stands for: what is left out is its default. */
function imageGc(value: JsonValue): ImageGc {
  const given = typeof value === "string" ? (JSON.parse(value) as JsonValue) : value;
  if (!isJsonObject(given)) throw new RangeError("an object is wanted");
  const {
    image_disk_headroom: headroom = 0.1,
    image_disk_watch_interval: interval = { nanoseconds: 3_600_000_000_000 },
    excluded_images: excluded = [],
  } = given;
  const nanoseconds = isJsonObject(interval) ? interval["nanoseconds"] : undefined;
  if (typeof headroom !== "number" || headroom < 0 || headroom > 1)
    throw new RangeError("image_disk_headroom: a number from 0 to 1 is wanted");
  if (typeof nanoseconds !== "number" || nanoseconds <= 0)
    throw new RangeError('image_disk_watch_interval: {"nanoseconds": N} is wanted');
  if (!Array.isArray(excluded)) throw new RangeError("excluded_images: a list is wanted");
  const names = excluded.map((image) => decodeMessage("Image", image).docker?.name);
  const unnamed = names.indexOf(undefined);
  if (unnamed !== -1) throw new RangeError(`excluded_images[${unnamed}]: docker.name is wanted`);
  return {
    headroom,
    watchMs: Math.ceil(nanoseconds / 1_000_000),
    excluded: names.filter((name) => name !== undefined),
  };
}

/** `host:port` is an address of a master as Mesos has it. */
const masterUrl = (given: string): string => (given.includes("://") ? given : `http://${given}`);

function reconfiguration(value: JsonValue): "equal" | "additive" {
  if (value === "equal" || value === "additive") return value;
  throw new RangeError(`${JSON.stringify(value)} is neither equal nor additive`);
}

/** Says what holds anyway. */
const oneOf =
  (only: string): FlagReader<Settings> =>
  (value) => {
    if (value !== only) throw new RangeError(`${JSON.stringify(value)}: only ${only} is supported`);
    return {};
  };

/**
 * Of Mesos but for the last five: it has volume plugins called by a program, and its estimator and its QoS controller are modules,
 * whose parameters these are.
 */
const readers: Readonly<Record<string, FlagReader<Settings>>> = {
  master: (value) => ({ masterUrl: masterUrl(textFlag(value)) }),
  zk_session_timeout: (value) => ({ zkSessionTimeoutMs: durationFlag(value) }),
  resources: (value) => ({ resources: typeof value === "string" ? value : JSON.stringify(value) }),
  attributes: (value) => ({ attributes: textFlag(value) }),
  default_role: (value) => ({ defaultRole: textFlag(value) }),
  hostname: (value) => ({ hostname: textFlag(value) }),
  domain: (value) => ({ domain: decodeMessage("DomainInfo", value) }),
  fetcher_cache_size: (value) => ({ fetcherCacheBytesMax: bytesFlag(value) }),
  gc_delay: policy(durationFlag, (gcDelayMs) => ({ gcDelayMs })),
  gc_disk_headroom: policy(numberFlag, (gcHeadroom) => ({ gcHeadroom })),
  disk_watch_interval: policy(durationFlag, (diskWatchMs) => ({ diskWatchMs })),
  container_disk_watch_interval: policy(durationFlag, (containerDiskWatchMs) => ({ containerDiskWatchMs })),
  enforce_container_disk_quota: policy(booleanFlag, (enforcesDisk) => ({ enforcesDisk })),
  cgroups_enable_cfs: policy(booleanFlag, (enforcesCpus) => ({ enforcesCpus })),
  executor_registration_timeout: policy(durationFlag, (executorRegistrationTimeoutMs) => ({
    executorRegistrationTimeoutMs,
  })),
  executor_reregistration_timeout: policy(durationFlag, (executorReregistrationTimeoutMs) => ({
    executorReregistrationTimeoutMs,
  })),
  executor_shutdown_grace_period: policy(durationFlag, (executorShutdownGraceMs) => ({
    executorShutdownGraceMs,
  })),
  recovery_timeout: policy(durationFlag, (recoveryTimeoutMs) => ({ recoveryTimeoutMs })),
  registration_backoff_factor: policy(durationFlag, (registrationBackoffMs) => ({ registrationBackoffMs })),
  reconfiguration_policy: policy(reconfiguration, (found) => ({ reconfiguration: found })),
  effective_capabilities: policy(capabilities, (effectiveCapabilities) => ({ effectiveCapabilities })),
  bounding_capabilities: policy(capabilities, (boundingCapabilities) => ({ boundingCapabilities })),
  docker_registry: (value) => ({ dockerRegistry: textFlag(value) }),
  docker_config: (value) => ({ dockerConfig: typeof value === "string" ? value : JSON.stringify(value) }),
  image_gc_config: policy(imageGc, (found) => ({ imageGc: found })),
  image_providers: oneOf("docker"),
  image_provisioner_backend: oneOf("overlay"),
  seccomp_config_dir: (value) => ({ seccompConfigDir: textFlag(value) }),
  seccomp_profile_name: policy(textFlag, (seccompProfile) => ({ seccompProfile })),
  network_cni_config_dir: (value) => ({ networkConfigDir: textFlag(value) }),
  network_cni_plugins_dir: (value) => ({ networkPluginsPath: textFlag(value) }),
  csi_plugin_config_dir: (value) => ({ csiConfigDir: textFlag(value) }),
  docker_volume_plugins_dir: (value) => ({ volumePluginsPath: textFlag(value) }),
  qos_correction_interval_min: policy(durationFlag, (qosCorrectionIntervalMs) => ({
    qosCorrectionIntervalMs,
  })),
  load_threshold_5min: policy(numberFlag, (loadThreshold5Min) => ({ loadThreshold5Min })),
  load_threshold_15min: policy(numberFlag, (loadThreshold15Min) => ({ loadThreshold15Min })),
  revocable_resources: (value) => ({ revocableResources: textFlag(value) }),
};

/** With what its flags say; they go before what else was given. Throws RangeError that names the flag. */
export function withFlags(environment: AgentEnvironment): AgentEnvironment {
  if (environment.flags === undefined) return environment;
  let settled = environment;
  for (const settings of readFlagFile(environment.flags, readers))
    settled = { ...settled, ...settings, policy: { ...settled.policy, ...settings.policy } };
  return settled;
}
