/**
 * A pod in canonical form, as the API shows it, and as the definition that is stored: the same fields as an app's, with
 * what only pods have in `pod`. Source: Marathon v2 API (contract marathon.md section 7).
 */
import type {
  AppDefinition,
  Artifact,
  Network,
  ResourceLimits,
  UnreachableStrategy,
  UpgradeStrategy,
} from "./app.ts";
import type { LinuxInfo } from "./linux-info.ts";
import type { PersistentDisk } from "./persistent.ts";
import type { DeclaredSecrets, Variables } from "./secret-references.ts";

/** What a pod has that no app has. */
export interface PodParts {
  readonly containers: readonly PodContainer[];
  readonly volumes?: readonly PodVolume[];
  /** What containers have in common that ask for nothing else. */
  readonly linuxInfo?: Pick<LinuxInfo, "ipcInfo">;
  /** Of the executor that runs the containers; once an instance. */
  readonly executorResources: ExecutorResources;
}

export interface ExecutorResources {
  readonly cpus: number;
  /** MiB */
  readonly mem: number;
  /** MiB */
  readonly disk: number;
}

export interface PodResources extends ExecutorResources {
  readonly gpus: number;
}

export type PodCommand = { readonly shell: string } | { readonly argv: readonly string[] };

export interface PodContainer {
  readonly name: string;
  /** `overrideEntrypoint` false: the command is given to the image's own entry point. */
  readonly exec: { readonly command: PodCommand; readonly overrideEntrypoint?: false };
  readonly image?: PodImage;
  readonly resources: PodResources;
  readonly resourceLimits?: ResourceLimits;
  readonly linuxInfo?: LinuxInfo;
  readonly tty?: true;
  readonly endpoints?: readonly PodEndpoint[];
  readonly environment?: Variables;
  readonly user?: string;
  readonly healthCheck?: PodHealthCheck;
  readonly check?: PodCheck;
  readonly volumeMounts?: readonly PodVolumeMount[];
  readonly artifacts?: readonly Artifact[];
  readonly labels?: { readonly [name: string]: string };
  readonly lifecycle?: { readonly killGracePeriodSeconds?: number };
}

export interface PodImage {
  readonly kind: "DOCKER";
  readonly id: string;
  readonly forcePull: boolean;
  readonly labels?: { readonly [name: string]: string };
  /** A declared secret with credentials of the registry. */
  readonly pullConfig?: { readonly secret: string };
}

export interface PodEndpoint {
  readonly name: string;
  /** In networks of containers; 0: the same as on the agent. */
  readonly containerPort?: number;
  /** Port on the agent; 0 has one given; absent: none, in a network of containers. */
  readonly hostPort?: number;
  readonly protocol: readonly ("tcp" | "udp")[];
  readonly labels?: { readonly [name: string]: string };
  /** Networks in which it is, when there are several. */
  readonly networkNames?: readonly string[];
}

/** Exactly one of the first three. */
export interface PodCheck {
  readonly http?: { readonly endpoint: string; readonly path?: string; readonly scheme: "HTTP" | "HTTPS" };
  readonly tcp?: { readonly endpoint: string };
  readonly exec?: { readonly command: PodCommand };
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly delaySeconds: number;
}

export interface PodHealthCheck extends PodCheck {
  readonly gracePeriodSeconds: number;
  readonly maxConsecutiveFailures: number;
}

/** A folder of the pod that lives as long as its instance's containers or as the instance, one of the machine, or a file with a secret. */
export interface PodVolume {
  readonly name: string;
  /** Folder or file of the agent's machine, absolute. */
  readonly host?: string;
  readonly persistent?: PersistentDisk;
  /** Name of a declared secret. */
  readonly secret?: string;
}

export interface PodVolumeMount {
  readonly name: string;
  /** Within the container's own folder; of the machine's and in an image anywhere. */
  readonly mountPath: string;
  readonly readOnly?: true;
}

export interface PodDefinition extends PodParts {
  readonly id: string;
  readonly labels: { readonly [name: string]: string };
  readonly version?: string;
  readonly user?: string;
  readonly environment?: Variables;
  readonly secrets?: DeclaredSecrets;
  readonly networks: readonly Network[];
  readonly scaling: { readonly kind: "fixed"; readonly instances: number };
  readonly scheduling: PodScheduling;
  readonly role: string;
}

export interface PodScheduling {
  readonly backoff: {
    readonly backoff: number;
    readonly backoffFactor: number;
    readonly maxLaunchDelay: number;
  };
  readonly upgrade: UpgradeStrategy;
  readonly placement: {
    readonly constraints: readonly PodConstraint[];
    readonly acceptedResourceRoles?: readonly string[];
  };
  readonly killSelection: AppDefinition["killSelection"];
  readonly unreachableStrategy: UnreachableStrategy;
}

export interface PodConstraint {
  readonly fieldName: string;
  readonly operator: string;
  readonly value?: string;
}

/** As it is stored and decided about. */
export function definitionOfPod(pod: PodDefinition): AppDefinition {
  const { scheduling, containers, volumes, linuxInfo, executorResources } = pod;
  const { constraints, acceptedResourceRoles } = scheduling.placement;
  return {
    id: pod.id,
    ...(pod.user === undefined ? {} : { user: pod.user }),
    ...(pod.environment === undefined ? {} : { env: pod.environment }),
    ...(pod.secrets === undefined ? {} : { secrets: pod.secrets }),
    instances: pod.scaling.instances,
    ...totalOf(pod),
    executor: "",
    ...(constraints.length === 0 ? {} : { constraints: constraints.map(wordsOf) }),
    ...(acceptedResourceRoles === undefined ? {} : { acceptedResourceRoles }),
    role: pod.role,
    networks: pod.networks,
    requirePorts: false,
    backoffSeconds: scheduling.backoff.backoff,
    backoffFactor: scheduling.backoff.backoffFactor,
    maxLaunchDelaySeconds: scheduling.backoff.maxLaunchDelay,
    upgradeStrategy: scheduling.upgrade,
    labels: pod.labels,
    killSelection: scheduling.killSelection,
    unreachableStrategy: scheduling.unreachableStrategy,
    pod: {
      containers,
      ...(volumes === undefined ? {} : { volumes }),
      ...(linuxInfo === undefined ? {} : { linuxInfo }),
      executorResources,
    },
  };
}

/** As people see it; undefined for an app. */
export function podOf(definition: AppDefinition): PodDefinition | undefined {
  if (definition.pod === undefined) return undefined;
  const { acceptedResourceRoles } = definition;
  return {
    id: definition.id,
    labels: definition.labels,
    ...(definition.version === undefined ? {} : { version: definition.version }),
    ...(definition.user === undefined ? {} : { user: definition.user }),
    ...(definition.env === undefined ? {} : { environment: definition.env }),
    ...(definition.secrets === undefined ? {} : { secrets: definition.secrets }),
    ...definition.pod,
    networks: definition.networks,
    scaling: { kind: "fixed", instances: definition.instances },
    scheduling: {
      backoff: {
        backoff: definition.backoffSeconds,
        backoffFactor: definition.backoffFactor,
        maxLaunchDelay: definition.maxLaunchDelaySeconds,
      },
      upgrade: definition.upgradeStrategy,
      placement: {
        constraints: (definition.constraints ?? []).map(constraintOf),
        ...(acceptedResourceRoles === undefined ? {} : { acceptedResourceRoles }),
      },
      killSelection: definition.killSelection,
      unreachableStrategy: definition.unreachableStrategy,
    },
    role: definition.role,
  };
}

/** A definition of either kind as the API shows it. */
export function shownDefinition(definition: AppDefinition): AppDefinition | PodDefinition {
  return podOf(definition) ?? definition;
}

/** What one instance takes, its executor included. */
function totalOf({
  containers,
  executorResources: executor,
}: Pick<PodDefinition, "containers" | "executorResources">): PodResources {
  const sum = (pick: (resources: PodResources) => number): number => {
    const total = containers.reduce((all, { resources }) => all + pick(resources), 0);
    return total + pick({ ...executor, gpus: 0 });
  };
  return {
    cpus: thousandths(sum(({ cpus }) => cpus)),
    mem: thousandths(sum(({ mem }) => mem)),
    disk: thousandths(sum(({ disk }) => disk)),
    gpus: sum(({ gpus }) => gpus),
  };
}

/** Takes the dust of binary fractions off. */
const thousandths = (value: number): number => Math.round(value * 1_000) / 1_000;

const wordsOf = ({ fieldName, operator, value }: PodConstraint): readonly string[] => [
  fieldName,
  operator,
  ...(value === undefined ? [] : [value]),
];

function constraintOf([fieldName = "", operator = "", value]: readonly string[]): PodConstraint {
  return { fieldName, operator, ...(value === undefined ? {} : { value }) };
}
