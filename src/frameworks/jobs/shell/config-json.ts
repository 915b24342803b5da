/** `config` of `/info`: what this scheduler goes by, by the names of Metronome's settings. Source: contract metronome.md section 7. */
import type { JsonObject } from "#foundation/base/json.ts";
import { withoutCredentials } from "#frameworks/base/shell/without-credentials.ts";
import type { JobsPolicy } from "../core/index.ts";
import { proxyManners } from "./standby.ts";

export interface ConfigFacts {
  readonly policy: JobsPolicy;
  readonly masterUrl: string;
  /** Where several are started. */
  readonly zk: string | undefined;
  readonly zkSessionTimeoutMs: number | undefined;
}

/** Durations are in ms but for `failover.timeout`, which is in seconds as the master is told. What is null here is nowhere. */
export function configJson({ policy, masterUrl, zk, zkSessionTimeoutMs }: ConfigFacts): JsonObject {
  return {
    "metronome.framework.name": policy.frameworkName,
    "metronome.mesos.master.url": withoutCredentials(masterUrl),
    "metronome.mesos.role": policy.role,
    "metronome.mesos.user": policy.frameworkUser === "" ? null : policy.frameworkUser,
    "metronome.mesos.failover.timeout": policy.failoverTimeoutSeconds,
    "metronome.zk.url": zk === undefined ? null : withoutCredentials(zk),
    "metronome.zk.session_timeout": zkSessionTimeoutMs ?? null,
    "metronome.leader.election.hostname": policy.hostname,
    "metronome.leader.proxy.timeout": proxyManners.readTimeoutMs,
    "metronome.history.count": policy.historyCount,
    "metronome.features.enable": ["secrets"],
    "metronome.scheduler.task.launch.timeout": policy.launchTimeoutMs,
    "metronome.scheduler.task.launch.confirm.timeout": policy.launchConfirmTimeoutMs,
    "metronome.scheduler.task.env.vars.prefix": policy.envVarsPrefix,
    "metronome.scheduler.reconciliation.interval": policy.reconcileIntervalMs,
  };
}
