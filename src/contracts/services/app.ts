/**
 * An app as clients send it, older spellings included: types, required fields, enums and bounds. What fields mean
 * together is checked later, in `frameworks/services/definitions`.
 * Source: Marathon v2 API, app definition (contract marathon.md sections 3 and 4).
 */
import { type Static, Type } from "../schema.ts";

const Text = Type.String();
export const TextMap = Type.Record(Type.String(), Type.String());
/** Whole numbers that fit 32 bits, as the original has them. */
export const Int = (minimum = 0): ReturnType<typeof Type.Integer> =>
  Type.Integer({ minimum, maximum: 2_147_483_647 });

/** What the kernel counts exactly: it has resources in thousandths. */
const amountMax = 9_007_199_254_740;
/** Of a resource, in its unit. */
export const Amount = (minimum: number): ReturnType<typeof Type.Number> =>
  Type.Number({ minimum, maximum: amountMax });
/** Parts of a second too; as many as fit 32 bits. */
export const Seconds = Type.Number({ minimum: 0, maximum: 2_147_483_647 });

const pathPattern =
  "^/?(([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])(\\.([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]))*|\\.|\\.\\.)(/(([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])(\\.([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]))*|\\.|\\.\\.))*/?$";
/** Path of an app or group, absolute or not. */
export const PathInput = Type.String({ minLength: 1, maxLength: 1_024, pattern: pathPattern });

/** A file to have in the sandbox before a task starts. */
export const Artifact = Type.Object({
  uri: Text,
  extract: Type.Optional(Type.Boolean()),
  executable: Type.Optional(Type.Boolean()),
  cache: Type.Optional(Type.Boolean()),
  destPath: Type.Optional(Text),
});

const PortDefinition = Type.Object({
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  protocol: Type.Optional(Type.Enum(["tcp", "udp", "udp,tcp", "tcp,udp"])),
  name: Type.Optional(Type.String({ pattern: "^[a-z0-9-]+$" })),
  labels: Type.Optional(TextMap),
});

const HealthCheck = Type.Object({
  protocol: Type.Optional(
    Type.Enum(["HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"]),
  ),
  path: Type.Optional(Text),
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  portIndex: Type.Optional(Int()),
  gracePeriodSeconds: Type.Optional(Int()),
  intervalSeconds: Type.Optional(Int(1)),
  timeoutSeconds: Type.Optional(Int(1)),
  delaySeconds: Type.Optional(Int()),
  maxConsecutiveFailures: Type.Optional(Int()),
  ignoreHttp1xx: Type.Optional(Type.Boolean()),
  ipProtocol: Type.Optional(Type.Enum(["IPv4", "IPv6"])),
  command: Type.Optional(Type.Object({ value: Text })),
});

const ReadinessCheck = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1 })),
  protocol: Type.Optional(Type.Enum(["HTTP", "HTTPS"])),
  path: Type.Optional(Text),
  portName: Type.Optional(Text),
  intervalSeconds: Type.Optional(Int(1)),
  timeoutSeconds: Type.Optional(Int(1)),
  httpStatusCodesForReady: Type.Optional(Type.Array(Int())),
  preserveLastResponse: Type.Optional(Type.Boolean()),
});

const port = {
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  portIndex: Type.Optional(Int()),
};
const Check = Type.Object({
  http: Type.Optional(
    Type.Object({ ...port, path: Type.Optional(Text), scheme: Type.Optional(Type.Enum(["HTTP"])) }),
  ),
  tcp: Type.Optional(Type.Object({ ...port })),
  exec: Type.Optional(Type.Object({ command: Type.Object({ shell: Text }) })),
  intervalSeconds: Type.Optional(Int(1)),
  timeoutSeconds: Type.Optional(Int(1)),
  delaySeconds: Type.Optional(Int()),
});

export const Network = Type.Object({
  mode: Type.Optional(Type.Enum(["host", "container", "container/bridge"])),
  name: Type.Optional(Text),
  labels: Type.Optional(TextMap),
});

/** Of volumes of apps and of pods. */
export const Persistent = Type.Object({
  type: Type.Optional(Type.Enum(["root", "path", "mount"])),
  size: Int(),
  maxSize: Type.Optional(Int()),
  profileName: Type.Optional(Text),
  constraints: Type.Optional(Type.Array(Type.Array(Text))),
});
export type PersistentInput = Static<typeof Persistent>;

const csiOptions = {
  pluginName: Text,
  capability: Type.Object({
    accessType: Type.Enum(["mount", "block"]),
    accessMode: Type.Enum([
      "SINGLE_NODE_WRITER",
      "SINGLE_NODE_READER_ONLY",
      "MULTI_NODE_READER_ONLY",
      "MULTI_NODE_SINGLE_WRITER",
      "MULTI_NODE_MULTI_WRITER",
    ]),
    fsType: Type.Optional(Text),
    mountFlags: Type.Optional(Type.Array(Text)),
  }),
  nodeStageSecret: Type.Optional(TextMap),
  nodePublishSecret: Type.Optional(TextMap),
  volumeContext: Type.Optional(TextMap),
};
/** What `external` says besides, where its provider is `csi`. */
export const CsiExternal = Type.Object({ name: Text, options: Type.Object(csiOptions) });
export type CsiExternalInput = Static<typeof CsiExternal>;

const Volume = Type.Object({
  containerPath: Type.Optional(Text),
  mode: Type.Optional(Type.Enum(["RW", "RO"])),
  hostPath: Type.Optional(Text),
  persistent: Type.Optional(Persistent),
  external: Type.Optional(
    Type.Object({
      provider: Type.Enum(["dvdi", "csi"]),
      name: Type.Optional(Text),
      /** GiB */
      size: Type.Optional(Int(1)),
      options: Type.Optional(
        Type.Object(optional(csiOptions), { additionalProperties: Type.Union([Type.Object({}), Text]) }),
      ),
      shared: Type.Optional(Type.Boolean()),
    }),
  ),
  secret: Type.Optional(Text),
});

const Port = Type.Integer({ minimum: 0, maximum: 65_535 });
const Protocol = Type.Enum(["tcp", "udp", "udp,tcp", "tcp,udp"]);
const PortName = Type.String({ pattern: "^[a-z0-9-]+$" });

const PortMapping = Type.Object({
  containerPort: Type.Optional(Port),
  hostPort: Type.Optional(Port),
  servicePort: Type.Optional(Port),
  protocol: Type.Optional(Protocol),
  name: Type.Optional(PortName),
  labels: Type.Optional(TextMap),
  networkNames: Type.Optional(Type.Array(Text)),
});

const IpAddress = Type.Object({
  networkName: Type.Optional(Text),
  labels: Type.Optional(TextMap),
  discovery: Type.Optional(
    Type.Object({
      ports: Type.Optional(
        Type.Array(
          Type.Object({
            number: Port,
            name: Type.Optional(PortName),
            protocol: Type.Optional(Protocol),
            labels: Type.Optional(TextMap),
          }),
        ),
      ),
    }),
  ),
});

const Seccomp = Type.Object({
  profileName: Type.Optional(Text),
  unconfined: Type.Optional(Type.Boolean()),
});
export const IpcInfo = Type.Object({
  mode: Type.Enum(["PRIVATE", "SHARE_PARENT"]),
  /** MiB */
  shmSize: Type.Optional(Int()),
});
/** What a container asks of the kernel. */
export const LinuxInfo = Type.Object({
  seccomp: Type.Optional(Seccomp),
  ipcInfo: Type.Optional(IpcInfo),
});

const Container = Type.Object({
  type: Type.Optional(Type.Enum(["MESOS", "DOCKER"])),
  docker: Type.Optional(
    Type.Object({
      image: Type.Optional(Text),
      forcePullImage: Type.Optional(Type.Boolean()),
      privileged: Type.Optional(Type.Boolean()),
      parameters: Type.Optional(Type.Array(Type.Object({ key: Text, value: Text }))),
      pullConfig: Type.Optional(Type.Object({ secret: Text })),
      credential: Type.Optional(Type.Object({})),
      network: Type.Optional(Type.Enum(["HOST", "BRIDGE", "USER", "NONE"])),
      portMappings: Type.Optional(Type.Array(PortMapping)),
    }),
  ),
  linuxInfo: Type.Optional(LinuxInfo),
  volumes: Type.Optional(Type.Array(Volume)),
  portMappings: Type.Optional(Type.Array(PortMapping)),
});

export const Environment = Type.Record(Type.String(), Type.Union([Type.Object({ secret: Text }), Text]));
export const Secrets = Type.Record(Type.String(), Type.Object({ source: Text }));
/** More than what is reserved: a number in the unit of the resource, or no bound at all. */
const Limit = Type.Union([Type.Enum(["unlimited"]), Amount(0)]);
export const ResourceLimits = Type.Object({ cpus: Type.Optional(Limit), mem: Type.Optional(Limit) });
export const UpgradeStrategy = Type.Object({
  minimumHealthCapacity: Type.Number({ minimum: 0, maximum: 1 }),
  maximumOverCapacity: Type.Number({ minimum: 0, maximum: 1 }),
  /** Ours: a change of nothing but labels replaces no instance. */
  labelsInPlace: Type.Optional(Type.Boolean()),
});
export const KillSelection = Type.Enum(["YOUNGEST_FIRST", "OLDEST_FIRST"]);
export const UnreachableStrategy = Type.Union([
  Type.Enum(["disabled"]),
  Type.Object({ inactiveAfterSeconds: Type.Optional(Int()), expungeAfterSeconds: Type.Optional(Int()) }),
]);

/** What an executor takes beside the tasks it runs. */
export const ExecutorResources = Type.Object({
  cpus: Type.Optional(Amount(0.1)),
  mem: Type.Optional(Amount(32)),
  disk: Type.Optional(Amount(10)),
});

const fields = {
  cmd: Text,
  args: Type.Array(Text),
  user: Text,
  env: Environment,
  instances: Int(),
  cpus: Amount(0.001),
  mem: Amount(0),
  disk: Amount(0),
  gpus: Int(),
  executor: Text,
  executorResources: ExecutorResources,
  constraints: Type.Array(Type.Array(Text, { minItems: 2, maxItems: 3 })),
  acceptedResourceRoles: Type.Array(Text),
  role: Text,
  fetch: Type.Array(Artifact),
  uris: Type.Array(Text),
  networks: Type.Array(Network),
  ipAddress: IpAddress,
  ports: Type.Array(Type.Integer({ minimum: 0, maximum: 65_535 })),
  portDefinitions: Type.Array(PortDefinition),
  requirePorts: Type.Boolean(),
  container: Container,
  healthChecks: Type.Array(HealthCheck),
  check: Check,
  readinessChecks: Type.Array(ReadinessCheck),
  backoffSeconds: Int(),
  backoffFactor: Type.Number({ minimum: 1 }),
  maxLaunchDelaySeconds: Int(),
  taskKillGracePeriodSeconds: Int(),
  upgradeStrategy: UpgradeStrategy,
  dependencies: Type.Array(Text),
  labels: TextMap,
  killSelection: KillSelection,
  unreachableStrategy: UnreachableStrategy,
  secrets: Secrets,
  residency: Type.Object({
    relaunchEscalationTimeoutSeconds: Type.Optional(Int()),
    taskLostBehavior: Type.Optional(Type.Enum(["WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT"])),
  }),
  tty: Type.Boolean(),
  resourceLimits: ResourceLimits,
  version: Text,
};

/** Body of POST: everything but the id may be left out. */
export const AppInput = Type.Object({ id: PathInput, ...optional(fields) });
/** Body of PUT and PATCH: the id stands in the path. */
export const AppChangeInput = Type.Object({ id: Type.Optional(PathInput), ...optional(fields) });

export type AppInput = Static<typeof AppInput>;
export type AppChangeInput = Static<typeof AppChangeInput>;

/** Each field may be left out. */
export function optional<Fields extends Record<string, Parameters<typeof Type.Optional>[0]>>(
  all: Fields,
): { [Name in keyof Fields]: ReturnType<typeof Type.Optional<Fields[Name]>> } {
  // Each value is made by the same function; TypeScript can't follow the mapping through fromEntries.
  return Object.fromEntries(
    Object.entries(all).map(([name, schema]) => [name, Type.Optional(schema)]),
  ) as never;
}
