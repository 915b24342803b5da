/** `/v2/info`: what this scheduler goes by, by the names of Marathon's flags. Source: contract marathon.md section 19.5. */
import type { JsonObject } from "#foundation/base/json.ts";
import { withoutCredentials } from "#frameworks/base/shell/without-credentials.ts";
import type { ServicesInfo, ServicesPolicy } from "../core/index.ts";

export interface InfoFacts {
  readonly info: ServicesInfo;
  readonly policy: ServicesPolicy;
  readonly version: string;
  /** host:port of this daemon. */
  readonly leader: string;
  readonly masterUrl: string;
  /** Where several are started. */
  readonly zk: string | undefined;
  readonly zkSessionTimeoutMs: number | undefined;
}

export function infoJson(facts: InfoFacts): JsonObject {
  const { info, policy, version, leader, masterUrl, zk = null, zkSessionTimeoutMs = null } = facts;
  const { frameworkId, frameworkName, role } = info;
  return {
    name: frameworkName,
    version,
    buildref: "keelson",
    elected: true,
    leader,
    ...(frameworkId === undefined ? {} : { frameworkId }),
    // Names that Marathon has here, and no others: clients make objects with just these fields.
    marathon_config: {
      master: withoutCredentials(masterUrl),
      framework_name: frameworkName,
      mesos_role: role,
      mesos_user: policy.frameworkUser === "" ? null : policy.frameworkUser,
      hostname: policy.hostname,
      webui_url: policy.webuiUrl === "" ? null : policy.webuiUrl,
      ha: zk !== null,
      features: ["external_volumes", "gpu_resources", "secrets"],
      failover_timeout: policy.failoverTimeoutSeconds,
      checkpoint: true,
      executor: "//cmd",
      new_group_enforce_role: policy.newGroupEnforceRole,
      env_vars_prefix: policy.envVarsPrefix === "" ? null : policy.envVarsPrefix,
      local_port_min: policy.servicePortMin,
      local_port_max: policy.servicePortMax,
      max_instances_per_offer: policy.maxInstancesPerOffer,
      launch_token: policy.launchTokens,
      launch_token_refresh_interval: policy.launchTokenRefreshMs,
      decline_offer_duration: policy.declineMs,
      min_revive_offers_interval: policy.reviveRepeatMs,
      task_launch_timeout: policy.launchTimeoutMs,
      task_launch_confirm_timeout: policy.launchConfirmTimeoutMs,
      task_reservation_timeout: policy.reservationTimeoutMs,
      reconciliation_initial_delay: policy.reconcileInitialMs,
      reconciliation_interval: policy.reconcileIntervalMs,
      scale_apps_initial_delay: policy.scaleCheckInitialMs,
      scale_apps_interval: policy.scaleCheckIntervalMs,
      maintenance_mode: true,
      access_control_allow_origin: null,
    },
    // What is null here is nowhere.
    zookeeper_config: {
      zk,
      zk_timeout: null,
      zk_connection_timeout: null,
      zk_session_timeout: zkSessionTimeoutMs,
      zk_max_versions: policy.maxVersions,
      zk_max_node_size: null,
      zk_compression: null,
      zk_compression_threshold: null,
    },
    http_config: { http_port: Number(leader.slice(leader.lastIndexOf(":") + 1)), https_port: null },
  };
}
