/** Marathon's flags by their names, as settings of ours. Times are milliseconds where the name has no unit. Source: contract marathon.md section 21. */
import {
  type FlagReader,
  numberFlag,
  readFlagFile,
  switchFlag,
  textFlag,
} from "#foundation/base/flag-file.ts";
import { acceptedRolesDefaults, defaultServicesPolicy, type ServicesPolicy } from "./core/index.ts";
import type { ServicesEnvironment } from "./main.ts";

interface Settings {
  readonly environment?: Partial<Pick<ServicesEnvironment, "requestsMax" | "zkSessionTimeoutMs">>;
  readonly policy?: Partial<ServicesPolicy>;
}

const policy =
  <Value>(
    read: FlagReader<Value>,
    settings: (value: Value) => Partial<ServicesPolicy>,
  ): FlagReader<Settings> =>
  (value) => ({ policy: settings(read(value)) });

const whole: FlagReader<number> = (value) => numberFlag(value, { isWhole: true });
/** Of nothing there is none: at least 1. */
const positive: FlagReader<number> = (value) => {
  const found = whole(value);
  if (found === 0) throw new RangeError("0 is not a whole number from 1 on");
  return found;
};
const portNumber: FlagReader<number> = (value) => {
  const found = positive(value);
  if (found > 65_535) throw new RangeError(`${found} is no port`);
  return found;
};
const oneOf =
  <const Value extends string>(values: readonly Value[]): FlagReader<Value> =>
  (value) => {
    const found = values.find((each) => each === value);
    if (found === undefined) throw new RangeError(`${JSON.stringify(value)} is none of ${values.join(", ")}`);
    return found;
  };

/** Says what holds anyway. */
const always =
  (only: boolean): FlagReader<Settings> =>
  (value) => {
    if (switchFlag(value) !== only) throw new RangeError(`only ${only} is supported`);
    return {};
  };

const readers: Readonly<Record<string, FlagReader<Settings>>> = {
  framework_name: policy(textFlag, (frameworkName) => ({ frameworkName })),
  mesos_role: policy(textFlag, (role) => ({ role })),
  mesos_user: policy(textFlag, (frameworkUser) => ({ frameworkUser })),
  hostname: policy(textFlag, (hostname) => ({ hostname })),
  webui_url: policy(textFlag, (webuiUrl) => ({ webuiUrl })),
  failover_timeout: policy(whole, (failoverTimeoutSeconds) => ({ failoverTimeoutSeconds })),
  checkpoint: always(true),
  accepted_resource_roles_default_behavior: policy(oneOf(acceptedRolesDefaults), (acceptedRolesDefault) => ({
    acceptedRolesDefault,
  })),
  new_group_enforce_role: policy(oneOf(["off", "top"]), (newGroupEnforceRole) => ({ newGroupEnforceRole })),
  local_port_min: policy(portNumber, (servicePortMin) => ({ servicePortMin })),
  local_port_max: policy(portNumber, (servicePortMax) => ({ servicePortMax })),
  env_vars_prefix: policy(textFlag, (envVarsPrefix) => ({ envVarsPrefix })),
  max_apps: policy(positive, (maxApps) => ({ maxApps })),
  max_running_deployments: policy(positive, (maxRunningDeployments) => ({ maxRunningDeployments })),
  max_instances_per_offer: policy(positive, (maxInstancesPerOffer) => ({ maxInstancesPerOffer })),
  launch_tokens: policy(positive, (launchTokens) => ({ launchTokens })),
  launch_token_refresh_interval: policy(positive, (launchTokenRefreshMs) => ({ launchTokenRefreshMs })),
  decline_offer_duration: policy(whole, (declineMs) => ({ declineMs })),
  min_revive_offers_interval: policy(positive, (reviveRepeatMs) => ({ reviveRepeatMs })),
  suppress_offers: always(true),
  task_launch_timeout: policy(positive, (launchTimeoutMs) => ({ launchTimeoutMs })),
  task_launch_confirm_timeout: policy(positive, (launchConfirmTimeoutMs) => ({ launchConfirmTimeoutMs })),
  task_reservation_timeout: policy(positive, (reservationTimeoutMs) => ({ reservationTimeoutMs })),
  reconciliation_initial_delay: policy(positive, (reconcileInitialMs) => ({ reconcileInitialMs })),
  reconciliation_interval: policy(positive, (reconcileIntervalMs) => ({ reconcileIntervalMs })),
  scale_apps_initial_delay: policy(positive, (scaleCheckInitialMs) => ({ scaleCheckInitialMs })),
  scale_apps_interval: policy(positive, (scaleCheckIntervalMs) => ({ scaleCheckIntervalMs })),
  kill_chunk_size: policy(positive, (killsInFlightMax) => ({ killsInFlightMax })),
  kill_retry_timeout: policy(positive, (killRetryMs) => ({ killRetryMs })),
  max_concurrent_marathon_health_checks: policy(positive, (probesInFlightMax) => ({ probesInFlightMax })),
  gpu_scheduling_behavior: policy(oneOf(["restricted", "unrestricted"]), (gpuSchedulingBehavior) => ({
    gpuSchedulingBehavior,
  })),
  maintenance_mode: always(true),
  draining_seconds: policy(whole, (seconds) => ({ drainingMs: seconds * 1_000 })),
  zk_max_versions: policy(positive, (maxVersions) => ({ maxVersions })),
  zk_session_timeout: (value) => ({ environment: { zkSessionTimeoutMs: positive(value) } }),
  http_max_concurrent_requests: (value) => ({ environment: { requestsMax: positive(value) } }),
};

/** With what its flags say; they go before what else was given. Throws RangeError that names the flag. */
export function withFlags(environment: ServicesEnvironment): ServicesEnvironment {
  if (environment.flags === undefined) return environment;
  let settled = environment;
  for (const given of readFlagFile(environment.flags, readers))
    settled = { ...settled, ...given.environment, policy: { ...settled.policy, ...given.policy } };
  const { servicePortMin, servicePortMax } = { ...defaultServicesPolicy, ...settled.policy };
  if (servicePortMin > servicePortMax)
    throw new RangeError(`flag local_port_min: ${servicePortMin} is above local_port_max, ${servicePortMax}`);
  return settled;
}
