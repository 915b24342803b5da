/**
 * An app in canonical form: older spellings resolved, defaults filled in. This is what is stored, compared and shown.
 * Source: Marathon v2 API (contract marathon.md section 3).
 */

export interface AppDefinition {
  /** Absolute path. */
  readonly id: string;
  readonly cmd?: string;
  readonly args?: readonly string[];
  readonly user?: string;
  readonly env?: { readonly [name: string]: string };
  readonly instances: number;
  readonly cpus: number;
  /** MiB */
  readonly mem: number;
  /** MiB */
  readonly disk: number;
  readonly gpus: number;
  readonly executor: string;
  readonly constraints?: readonly (readonly string[])[];
  readonly acceptedResourceRoles?: readonly string[];
  readonly role: string;
  readonly fetch?: readonly Artifact[];
  readonly networks: readonly Network[];
  readonly portDefinitions?: readonly PortDefinition[];
  readonly requirePorts: boolean;
  readonly healthChecks?: readonly HealthCheck[];
  readonly backoffSeconds: number;
  readonly backoffFactor: number;
  readonly maxLaunchDelaySeconds: number;
  readonly taskKillGracePeriodSeconds?: number;
  readonly upgradeStrategy: UpgradeStrategy;
  readonly labels: { readonly [name: string]: string };
  readonly killSelection: "YOUNGEST_FIRST" | "OLDEST_FIRST";
  readonly unreachableStrategy: UnreachableStrategy;
  readonly dependencies?: readonly string[];
  /** Assigned by the core; ISO 8601 with milliseconds. */
  readonly version?: string;
  readonly versionInfo?: VersionInfo;
}

export interface Artifact {
  readonly uri: string;
  readonly extract: boolean;
  readonly executable: boolean;
  readonly cache: boolean;
  readonly destPath?: string;
}

export interface Network {
  readonly mode: "host";
}

export interface PortDefinition {
  /** Service port; 0 has one assigned. */
  readonly port: number;
  readonly protocol: "tcp" | "udp" | "udp,tcp";
  readonly name?: string;
  readonly labels?: { readonly [name: string]: string };
}

export interface HealthCheck {
  readonly protocol: "HTTP" | "HTTPS" | "TCP";
  readonly path?: string;
  readonly port?: number;
  readonly portIndex?: number;
  readonly gracePeriodSeconds: number;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly maxConsecutiveFailures: number;
  readonly ignoreHttp1xx: boolean;
  readonly ipProtocol: "IPv4" | "IPv6";
}

export interface UpgradeStrategy {
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
}

export type UnreachableStrategy =
  | "disabled"
  | { readonly inactiveAfterSeconds: number; readonly expungeAfterSeconds: number };

export interface VersionInfo {
  readonly lastScalingAt: string;
  readonly lastConfigChangeAt: string;
}
