/**
 * A pod as clients send it: containers that run together on one agent. Types, required fields, enums and bounds; what
 * fields mean together is checked later, in `domain/definitions`.
 * Source: Marathon v2 API, pod definition (contract marathon.md section 7.1).
 */
import { type Static, Type } from "typebox";
import {
  Amount,
  Artifact,
  Environment,
  ExecutorResources,
  Int,
  IpcInfo,
  KillSelection,
  LinuxInfo,
  Network,
  optional,
  PathInput,
  Persistent,
  ResourceLimits,
  Seconds,
  Secrets,
  TextMap,
  UnreachableStrategy,
  UpgradeStrategy,
} from "./app.ts";

const Text = Type.String();
/** Names of containers, endpoints and volumes. */
const Name = Type.String({ maxLength: 63, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" });
const Port = Type.Integer({ minimum: 0, maximum: 65_535 });

const Command = Type.Union([Type.Object({ shell: Text }), Type.Object({ argv: Type.Array(Text) })]);

const asked = { endpoint: Name, path: Type.Optional(Text) };
const asking = {
  tcp: Type.Optional(Type.Object({ endpoint: Name })),
  exec: Type.Optional(Type.Object({ command: Command })),
  intervalSeconds: Type.Optional(Int(1)),
  timeoutSeconds: Type.Optional(Int(1)),
  delaySeconds: Type.Optional(Int()),
};
const Check = Type.Object({
  http: Type.Optional(Type.Object({ ...asked, scheme: Type.Optional(Type.Enum(["HTTP"])) })),
  ...asking,
});
const HealthCheck = Type.Object({
  http: Type.Optional(Type.Object({ ...asked, scheme: Type.Optional(Type.Enum(["HTTP", "HTTPS"])) })),
  ...asking,
  gracePeriodSeconds: Type.Optional(Int()),
  maxConsecutiveFailures: Type.Optional(Int()),
});

const Endpoint = Type.Object({
  name: Name,
  containerPort: Type.Optional(Port),
  hostPort: Type.Optional(Port),
  protocol: Type.Optional(Type.Array(Type.Enum(["tcp", "udp"]), { uniqueItems: true })),
  labels: Type.Optional(TextMap),
  networkNames: Type.Optional(Type.Array(Text)),
});

const Image = Type.Object({
  kind: Type.Optional(Type.Enum(["DOCKER"])),
  id: Text,
  ...optional({ forcePull: Type.Boolean(), labels: TextMap, pullConfig: Type.Object({ secret: Text }) }),
});

const Container = Type.Object({
  name: Name,
  resources: Type.Object({
    cpus: Type.Optional(Amount(0.001)),
    mem: Type.Optional(Amount(0.001)),
    disk: Type.Optional(Amount(0)),
    gpus: Type.Optional(Int()),
  }),
  exec: Type.Optional(Type.Object({ command: Command, overrideEntrypoint: Type.Optional(Type.Boolean()) })),
  ...optional({
    endpoints: Type.Array(Endpoint),
    environment: Environment,
    user: Text,
    healthCheck: HealthCheck,
    check: Check,
    volumeMounts: Type.Array(
      Type.Object({ name: Text, mountPath: Text, readOnly: Type.Optional(Type.Boolean()) }),
    ),
    artifacts: Type.Array(Artifact),
    labels: TextMap,
    lifecycle: Type.Object({ killGracePeriodSeconds: Type.Optional(Seconds) }),
    image: Image,
    resourceLimits: ResourceLimits,
    tty: Type.Boolean(),
    linuxInfo: LinuxInfo,
  }),
});

const Volume = Type.Object({
  name: Name,
  host: Type.Optional(Text),
  persistent: Type.Optional(Persistent),
  secret: Type.Optional(Text),
});

const Scheduling = Type.Object(
  optional({
    backoff: Type.Object(
      optional({ backoff: Seconds, backoffFactor: Type.Number({ minimum: 1 }), maxLaunchDelay: Seconds }),
    ),
    upgrade: UpgradeStrategy,
    placement: Type.Object(
      optional({
        constraints: Type.Array(
          Type.Object({
            fieldName: Text,
            operator: Type.Enum(["UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS"]),
            value: Type.Optional(Text),
          }),
        ),
        acceptedResourceRoles: Type.Array(Text),
      }),
    ),
    killSelection: KillSelection,
    unreachableStrategy: UnreachableStrategy,
  }),
);

/** Body of POST and PUT: a whole definition each time. */
export const PodInput = Type.Object({
  id: PathInput,
  containers: Type.Array(Container, { minItems: 1, maxItems: 100 }),
  ...optional({
    labels: TextMap,
    version: Text,
    user: Text,
    environment: Environment,
    secrets: Secrets,
    volumes: Type.Array(Volume),
    networks: Type.Array(Network),
    scaling: Type.Object({ kind: Type.Optional(Type.Enum(["fixed"])), instances: Type.Optional(Int()) }),
    scheduling: Scheduling,
    executorResources: ExecutorResources,
    role: Text,
    linuxInfo: Type.Object(optional({ ipcInfo: IpcInfo, seccomp: Type.Object({}) })),
    legacySharedCgroups: Type.Boolean(),
  }),
});
export type PodInput = Static<typeof PodInput>;
