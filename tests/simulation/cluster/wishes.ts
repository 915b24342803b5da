/** What users of services wish for, and the definitions that say so. */
import type { AppDefinition, HealthCheck, ReadinessCheck } from "#domain/definitions/app.ts";
import { parsePod } from "#domain/definitions/index.ts";
import type { GroupedApp, GroupWish } from "./group-wishes.ts";
import type { Trial } from "./trials.ts";

/** What each task of an app takes. */
export const servicesTask = { cpus: 0.5, memMib: 128 };

/** What one container of a pod takes of its instance, at least. */
export function shareOf(taskId: string): number {
  const container = /\.c\d+\.\d+$/.test(taskId);
  return container ? 0.15 : 1;
}

/** One wish: an app as it shall be some time after the start; without instances it shall be gone. */
export interface Wish {
  readonly atMs: number;
  readonly appId: string;
  readonly cmd?: string;
  readonly instances?: number;
  readonly isChecked?: boolean;
  /** It is a pod of so many containers. */
  readonly containers?: number;
  /** Each instance has a volume of this size. */
  readonly volumeMib?: number;
  /** Of that volume; default: the agent's own disk. */
  readonly volumeType?: "path" | "mount";
  /** Of the wanted instances; default 1 and 1. */
  readonly minimumHealthCapacity?: number;
  readonly maximumOverCapacity?: number;
  /** What its label says. */
  readonly label?: string;
  /** Another label replaces nothing (ADR 0153). */
  readonly labelsInPlace?: boolean;
  /** Default: that of services. */
  readonly role?: string;
  /** Has to say that it is ready, too. */
  readonly isAsked?: boolean;
  readonly killSelection?: AppDefinition["killSelection"];
  /** Default: what each task of services takes. */
  readonly cpus?: number;
}

/** A user kills some tasks of an app by name. */
export interface UserKill {
  readonly atMs: number;
  readonly appId: string;
  readonly count: number;
}

export interface UserScript {
  readonly wishes: readonly Wish[];
  readonly groups?: readonly GroupWish[];
  readonly kills?: readonly UserKill[];
  /** Users restart, cancel and roll back meanwhile. */
  readonly isRestless?: boolean;
  /** Services often dies in the moment in which the record of an instance of these apps is gone. */
  readonly diesAtEndOf?: readonly string[];
  /** Upgrades that fail, and what users do about them; `some` are drawn from the seed. */
  readonly trials?: readonly Trial[] | "some";
  /** Chance that a task fails its health checks for as long as it lives. */
  readonly sickShare?: number;
}

const check: HealthCheck = {
  protocol: "TCP",
  portIndex: 0,
  gracePeriodSeconds: 10,
  intervalSeconds: 5,
  timeoutSeconds: 2,
  maxConsecutiveFailures: 3,
  ignoreHttp1xx: false,
  ipProtocol: "IPv4",
};

const readiness: ReadinessCheck = {
  name: "ready",
  protocol: "HTTP",
  path: "/",
  portName: "default",
  intervalSeconds: 4,
  timeoutSeconds: 2,
  httpStatusCodesForReady: [200],
  preserveLastResponse: false,
};

/** Without instances it shall be gone. */
export function appAs({ appId, cmd = "", instances, ...more }: Wish): AppDefinition | undefined {
  if (instances === undefined) return undefined;
  const { containers, ...rest } = more;
  return containers === undefined
    ? definitionOf({ appId, cmd, instances, ...rest })
    : podOf({ appId, cmd, instances, containers, ...rest });
}

/** Together with its executor an instance takes what one of an app takes. */
function podOf(
  wish: Required<Pick<Wish, "appId" | "cmd" | "instances" | "containers">> & Partial<Wish>,
): AppDefinition {
  const { appId: id, cmd, instances, containers } = wish;
  const each = { cpus: (servicesTask.cpus - 0.1) / containers, mem: (servicesTask.memMib - 32) / containers };
  return parsePod(
    {
      id,
      environment: { WISH: cmd },
      containers: Array.from({ length: containers }, (_, index) => ({
        name: `c${index}`,
        exec: { command: { shell: cmd } },
        resources: each,
        endpoints: [{ name: `e${index}`, hostPort: 0 }],
      })),
      executorResources: { cpus: 0.1, mem: 32, disk: 10 },
      scaling: { kind: "fixed", instances },
      labels: labelsOf(wish),
      scheduling: { upgrade: strategyOf(wish) },
    },
    { defaultRole: "services" },
  );
}

type Labelled = Pick<Wish, "label" | "labelsInPlace" | "minimumHealthCapacity" | "maximumOverCapacity">;

const labelsOf = ({ label }: Labelled): AppDefinition["labels"] =>
  label === undefined ? {} : { owner: label };

const strategyOf = ({
  minimumHealthCapacity = 1,
  maximumOverCapacity = 1,
  labelsInPlace = false,
}: Labelled): AppDefinition["upgradeStrategy"] => ({
  minimumHealthCapacity,
  maximumOverCapacity,
  ...(labelsInPlace ? { labelsInPlace } : {}),
});

const withVolume = (
  size: number,
  type: Wish["volumeType"] | "root" = "root",
): NonNullable<AppDefinition["container"]> => ({
  type: "MESOS",
  volumes: [{ containerPath: "data", mode: "RW", persistent: { type, size } }],
});

export function definitionOf(app: GroupedApp): AppDefinition {
  const { appId, cmd, instances, isChecked = false, isAsked = false, dependencies = [] } = app;
  const { volumeMib, volumeType } = app;
  return {
    id: appId,
    cmd,
    env: {},
    instances,
    cpus: app.cpus ?? servicesTask.cpus,
    mem: servicesTask.memMib,
    disk: 0,
    gpus: 0,
    executor: "",
    constraints: [],
    fetch: [],
    networks: [{ mode: "host" }],
    portDefinitions: [{ port: 0, protocol: "tcp", name: "default", labels: {} }],
    requirePorts: false,
    healthChecks: isChecked ? [check] : [],
    readinessChecks: isAsked ? [readiness] : [],
    backoffSeconds: 1,
    backoffFactor: 1.15,
    maxLaunchDelaySeconds: 300,
    upgradeStrategy: strategyOf(app),
    dependencies,
    labels: labelsOf(app),
    killSelection: app.killSelection ?? "YOUNGEST_FIRST",
    unreachableStrategy:
      volumeMib === undefined ? { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 } : "disabled",
    ...(volumeMib === undefined ? {} : { container: withVolume(volumeMib, volumeType) }),
    role: app.role ?? "services",
  };
}
