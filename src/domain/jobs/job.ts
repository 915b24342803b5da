/**
 * A job in canonical form: older spellings resolved, defaults filled in. This is what is stored, compared and shown.
 * Source: Metronome API (contract metronome.md section 3).
 */

export interface JobDefinition {
  /** Segments divided by dots. */
  readonly id: string;
  readonly description?: string;
  /** Jobs whose success starts this one. */
  readonly dependencies: readonly { readonly id: string }[];
  readonly labels: { readonly [name: string]: string };
  readonly run: JobRunSpec;
}

/** What one run of a job is. */
export interface JobRunSpec {
  readonly cpus: number;
  /** MiB */
  readonly mem: number;
  /** MiB */
  readonly disk: number;
  readonly gpus: number;
  readonly cmd?: string;
  readonly args?: readonly string[];
  readonly user?: string;
  readonly env: { readonly [name: string]: string | { readonly secret: string } };
  readonly secrets: { readonly [name: string]: { readonly source: string } };
  readonly docker?: JobDocker;
  readonly ucr?: JobUcr;
  readonly artifacts: readonly JobArtifact[];
  readonly volumes: readonly JobVolume[];
  /** None: the host's. */
  readonly networks: readonly JobNetwork[];
  readonly placement: { readonly constraints: readonly JobConstraint[] };
  /** Seconds. */
  readonly maxLaunchDelay: number;
  readonly restart: JobRestart;
  readonly taskKillGracePeriodSeconds?: number;
}

export interface JobDocker {
  readonly image: string;
  readonly forcePullImage: boolean;
  readonly privileged: boolean;
  readonly parameters: readonly { readonly key: string; readonly value: string }[];
}

export interface JobUcr {
  readonly image: { readonly id: string; readonly kind: "docker" | "appc"; readonly forcePull: boolean };
  readonly privileged: boolean;
}

export interface JobArtifact {
  readonly uri: string;
  readonly extract: boolean;
  readonly executable: boolean;
  readonly cache: boolean;
}

export type JobVolume =
  | { readonly containerPath: string; readonly hostPath: string; readonly mode: "RO" | "RW" }
  | { readonly containerPath: string; readonly secret: string };

export interface JobNetwork {
  readonly mode: "host" | "container" | "container/bridge";
  readonly name?: string;
  readonly labels: { readonly [name: string]: string };
}

export interface JobConstraint {
  readonly attribute: string;
  readonly operator: "IS" | "LIKE" | "UNLIKE";
  /** A constraint without one rules nothing out. */
  readonly value?: string;
}

export interface JobRestart {
  readonly policy: "NEVER" | "ON_FAILURE";
  /** Since the run was created; absent: without end. */
  readonly activeDeadlineSeconds?: number;
}

export interface JobSchedule {
  readonly id: string;
  readonly cron: string;
  /** IANA */
  readonly timezone: string;
  readonly startingDeadlineSeconds: number;
  readonly concurrencyPolicy: "ALLOW" | "FORBID";
  readonly enabled: boolean;
}

/** What a body says: the job, and the schedule that came with it. */
export interface ParsedJob {
  readonly job: JobDefinition;
  /** One at most. */
  readonly schedules: readonly JobSchedule[];
}
