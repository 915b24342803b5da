/**
 * Older spellings into canonical ones, and defaults for what is left out.
 * Source: contract marathon.md sections 3 and 4.
 */
import type { AppChangeInput, CsiExternalInput } from "#contracts/services/app.ts";
import {
  type AppDefinition,
  type Artifact,
  type Check,
  type CheckedPort,
  type Container,
  type CsiVolume,
  defaultExecutorResources,
  type ExternalVolume,
  type HealthCheck,
  isAtAgent,
  type PortDefinition,
  type PortMapping,
  type ReadinessCheck,
  type Residency,
} from "./app.ts";
import { given, nonEmpty, nonEmptyMap } from "./given.ts";
import { completeLinuxInfo } from "./linux-info.ts";
import { completeMappings, completeNetworks, mappedContainer, networkChange } from "./networks.ts";
import { completePersistent } from "./persistent.ts";
import { isInHostNetwork } from "./ports.ts";
import { DefinitionInvalid, ProblemList } from "./problems.ts";
import { defaultRoleOf, type RoleRules } from "./roles.ts";

export interface NormalizeOptions extends RoleRules {
  /** Group that relative paths start from; the root when it is absent. */
  readonly base?: string;
}

/** A body of the right shape, without its older spellings. Fields that were not given stay away. */
export type CanonicalChange = Omit<AppChangeInput, "uris" | "ports" | "ipAddress">;

const archiveSuffixes = [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".tgz", ".tbz2", ".txz", ".zip"];

/** An absolute path without a slash at its end; `..` and `.` are resolved. */
export function absolutePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** A path as it is meant within a group: what doesn't begin with a slash starts there. */
export function pathWithin(base: string, path: string): string {
  return path.startsWith("/") ? absolutePath(path) : absolutePath(`${base}/${path}`);
}

/** Throws `DefinitionInvalid` where two spellings of one thing contradict. */
export function canonicalChange(input: AppChangeInput): CanonicalChange {
  const { uris, ports, ipAddress: _ipAddress, ...rest } = input;
  const problems = new ProblemList();
  if (uris !== undefined && uris.length > 0 && (rest.fetch ?? []).length > 0) {
    problems.add("/uris", "cannot be given together with fetch");
  }
  const declared = rest.portDefinitions;
  if (ports !== undefined && declared !== undefined && !samePorts(ports, declared)) {
    problems.add("/ports", "cannot be given together with portDefinitions unless both say the same");
  }
  const { networks, portMappings } = networkChange(input, problems);
  if (!problems.isEmpty) throw new DefinitionInvalid(problems.toDetails());
  return {
    ...rest,
    ...(rest.id === undefined ? {} : { id: absolutePath(rest.id) }),
    ...(uris === undefined || uris.length === 0 ? {} : { fetch: uris.map(fetchOfUri) }),
    ...(ports === undefined || declared !== undefined
      ? {}
      : { portDefinitions: ports.map((port) => ({ port, protocol: "tcp" as const })) }),
    ...given("networks", networks),
    ...given("container", mappedContainer(rest.container, portMappings)),
  };
}

function samePorts(ports: readonly number[], declared: readonly { readonly port?: number }[]): boolean {
  return (
    ports.length === declared.length && ports.every((port, index) => (declared[index]?.port ?? 0) === port)
  );
}

function fetchOfUri(uri: string): { readonly uri: string; readonly extract: boolean } {
  return { uri, extract: archiveSuffixes.some((suffix) => uri.endsWith(suffix)) };
}

/** The whole definition: what was given, and defaults for the rest. */
export function completeApp(
  change: CanonicalChange & { readonly id: string },
  { base = "/", ...rules }: NormalizeOptions,
): AppDefinition {
  const { upgradeStrategy, unreachableStrategy } = change;
  // Others were refused before.
  const volumes = (change.container?.volumes ?? []).flatMap(completeVolume);
  const networks = completeNetworks(change.networks);
  const mappings = isInHostNetwork({ networks })
    ? undefined
    : completeMappings(networks, change.container?.portMappings, change.portDefinitions?.length ?? 0);
  const isResident = volumes.some((volume) => "persistent" in volume);
  return {
    id: change.id,
    ...given("cmd", change.cmd),
    ...nonEmpty("args", change.args),
    ...given("user", change.user),
    ...nonEmptyMap("env", change.env),
    instances: change.instances ?? 1,
    cpus: change.cpus ?? 1,
    mem: change.mem ?? 128,
    disk: change.disk ?? 0,
    gpus: change.gpus ?? 0,
    ...nonEmptyMap("resourceLimits", change.resourceLimits),
    executor: change.executor ?? "",
    ...given(
      "executorResources",
      change.executorResources === undefined
        ? undefined
        : { ...defaultExecutorResources, ...change.executorResources },
    ),
    ...nonEmpty(
      "constraints",
      change.constraints?.map(([field = "", operator = "", ...value]) => [
        field,
        operator.toUpperCase(),
        ...value,
      ]),
    ),
    ...given("acceptedResourceRoles", change.acceptedResourceRoles),
    role: change.role ?? defaultRoleOf(change.id, rules),
    ...nonEmpty("fetch", change.fetch?.map(completeArtifact)),
    ...completeContainer(change.container, volumes, mappings),
    ...(isResident ? { residency: completeResidency(change.residency) } : {}),
    networks,
    ...(mappings === undefined
      ? { portDefinitions: (change.portDefinitions ?? [{ port: 0, name: "default" }]).map(completePort) }
      : {}),
    requirePorts: mappings === undefined && change.requirePorts === true,
    ...nonEmpty(
      "healthChecks",
      change.healthChecks?.map((check) => completeHealthCheck(check, { ...change, mappings })),
    ),
    ...given("check", change.check === undefined ? undefined : completeCheck(change.check)),
    ...nonEmpty("readinessChecks", change.readinessChecks?.map(completeReadiness)),
    backoffSeconds: change.backoffSeconds ?? 1,
    backoffFactor: change.backoffFactor ?? 1.15,
    maxLaunchDelaySeconds: change.maxLaunchDelaySeconds ?? 300,
    ...given("taskKillGracePeriodSeconds", change.taskKillGracePeriodSeconds),
    ...(change.tty === true ? { tty: true } : {}),
    upgradeStrategy: completeUpgrade(
      upgradeStrategy ?? defaultUpgrade(isResident || volumes.some((volume) => "external" in volume)),
    ),
    labels: change.labels ?? {},
    ...nonEmptyMap("secrets", change.secrets),
    killSelection: change.killSelection ?? "YOUNGEST_FIRST",
    unreachableStrategy:
      isResident && unreachableStrategy === undefined ? "disabled" : completeUnreachable(unreachableStrategy),
    ...nonEmpty("dependencies", distinct(change.dependencies?.map((path) => pathWithin(base, path)))),
  };
}

/** What it lacks was told before, or is told when the whole is judged. */
function completeVolume({
  containerPath = "",
  persistent,
  secret,
  hostPath,
  external,
  mode = "RW",
}: NonNullable<NonNullable<CanonicalChange["container"]>["volumes"]>[number]): Container["volumes"] {
  if (persistent !== undefined)
    return [{ containerPath, mode: "RW", persistent: completePersistent(persistent) }];
  if (hostPath !== undefined) return [{ containerPath, hostPath, mode }];
  if (external !== undefined) return [{ containerPath, mode, external: completeExternal(external) }];
  return secret === undefined ? [] : [{ containerPath, secret }];
}

function completeExternal({
  provider,
  name = "",
  size,
  options = {},
  shared = false,
}: NonNullable<
  NonNullable<NonNullable<CanonicalChange["container"]>["volumes"]>[number]["external"]
>): ExternalVolume["external"] {
  // Its shape was judged: all that is needed is there.
  if (provider === "csi") return completeCsi({ name, options } as CsiExternalInput);
  const texts = Object.entries(options).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return { provider: "dvdi", name, ...given("size", size), options: Object.fromEntries(texts), shared };
}

function completeCsi({ name, options }: CsiExternalInput): CsiVolume {
  const {
    pluginName,
    capability,
    nodeStageSecret = {},
    nodePublishSecret = {},
    volumeContext = {},
  } = options;
  const { accessMode, fsType, mountFlags } = capability;
  return {
    provider: "csi",
    name,
    options: {
      pluginName,
      // Another is refused.
      capability: {
        accessType: "mount",
        accessMode,
        ...given("fsType", fsType),
        ...nonEmpty("mountFlags", mountFlags),
      },
      nodeStageSecret,
      nodePublishSecret,
      volumeContext,
    },
  };
}

function completeContainer(
  container: CanonicalChange["container"],
  volumes: Container["volumes"],
  portMappings: readonly PortMapping[] | undefined,
): Pick<AppDefinition, "container"> {
  const { docker, type = "DOCKER" } = container ?? {};
  const linux = given("linuxInfo", completeLinuxInfo(container?.linuxInfo));
  const mapped = given("portMappings", portMappings);
  if (docker?.image === undefined)
    return volumes.length > 0 || portMappings !== undefined || container?.linuxInfo !== undefined
      ? { container: { type: "MESOS", ...linux, volumes, ...mapped } }
      : {};
  const { image, forcePullImage = false, privileged = false, parameters = [], pullConfig } = docker;
  return {
    container: {
      type,
      docker: {
        image,
        forcePullImage,
        privileged,
        parameters,
        ...(pullConfig === undefined ? {} : { pullConfig }),
      },
      ...linux,
      volumes,
      ...mapped,
    },
  };
}

function completeResidency(residency: CanonicalChange["residency"]): Residency {
  return {
    relaunchEscalationTimeoutSeconds: residency?.relaunchEscalationTimeoutSeconds ?? 3_600,
    taskLostBehavior: residency?.taskLostBehavior ?? "WAIT_FOREVER",
  };
}

/** Where an instance's volumes are, there is no second one beside it. */
export const defaultUpgrade = (isResident: boolean): NonNullable<AppChangeInput["upgradeStrategy"]> =>
  isResident
    ? { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 }
    : { minimumHealthCapacity: 1, maximumOverCapacity: 1 };

export function completeUpgrade({
  minimumHealthCapacity,
  maximumOverCapacity,
  labelsInPlace,
}: NonNullable<AppChangeInput["upgradeStrategy"]>): AppDefinition["upgradeStrategy"] {
  return {
    minimumHealthCapacity,
    maximumOverCapacity,
    ...(labelsInPlace === true ? { labelsInPlace } : {}),
  };
}

export function completeUnreachable(
  strategy: AppChangeInput["unreachableStrategy"],
): AppDefinition["unreachableStrategy"] {
  if (strategy === "disabled") return strategy;
  return {
    inactiveAfterSeconds: strategy?.inactiveAfterSeconds ?? 0,
    expungeAfterSeconds: strategy?.expungeAfterSeconds ?? 0,
  };
}

function distinct(paths: readonly string[] | undefined): readonly string[] | undefined {
  return paths === undefined ? undefined : [...new Set(paths)];
}

export function completeArtifact(artifact: NonNullable<CanonicalChange["fetch"]>[number]): Artifact {
  return {
    uri: artifact.uri,
    extract: artifact.extract ?? true,
    executable: artifact.executable ?? false,
    cache: artifact.cache ?? false,
    ...given("destPath", artifact.destPath),
  };
}

function completePort(port: NonNullable<CanonicalChange["portDefinitions"]>[number]): PortDefinition {
  const labels = port.labels ?? {};
  return {
    port: port.port ?? 0,
    protocol: port.protocol === "tcp,udp" ? "udp,tcp" : (port.protocol ?? "tcp"),
    ...given("name", port.name),
    ...nonEmptyMap("labels", labels),
  };
}

function completeHealthCheck(
  check: NonNullable<CanonicalChange["healthChecks"]>[number],
  {
    portDefinitions,
    mappings,
  }: Pick<CanonicalChange, "portDefinitions"> & { readonly mappings: readonly PortMapping[] | undefined },
): HealthCheck {
  const hasPorts = (mappings ?? portDefinitions)?.length !== 0;
  const protocol = check.protocol ?? "HTTP";
  const isCommand = protocol === "COMMAND";
  const needsIndex = check.port === undefined && check.portIndex === undefined && hasPorts && !isCommand;
  return {
    protocol,
    ...given("path", check.path),
    ...given("port", check.port),
    ...given("portIndex", needsIndex ? 0 : check.portIndex),
    gracePeriodSeconds: check.gracePeriodSeconds ?? 300,
    intervalSeconds: check.intervalSeconds ?? 60,
    timeoutSeconds: check.timeoutSeconds ?? 20,
    maxConsecutiveFailures: check.maxConsecutiveFailures ?? 3,
    ...(isAtAgent(protocol)
      ? { delaySeconds: check.delaySeconds ?? 15 }
      : { ignoreHttp1xx: check.ignoreHttp1xx ?? false }),
    ...(isCommand ? {} : { ipProtocol: check.ipProtocol ?? "IPv4" }),
    ...given("command", check.command),
  };
}

function completeCheck({ http, tcp, exec, ...times }: NonNullable<CanonicalChange["check"]>): Check {
  const portOf = ({ port, portIndex }: CheckedPort): CheckedPort => ({
    ...given("port", port),
    ...given("portIndex", port === undefined ? (portIndex ?? 0) : portIndex),
  });
  return {
    ...(http === undefined
      ? {}
      : { http: { ...portOf(http), ...given("path", http.path), scheme: http.scheme ?? "HTTP" } }),
    ...(tcp === undefined ? {} : { tcp: portOf(tcp) }),
    ...(exec === undefined ? {} : { exec: { command: { shell: exec.command.shell } } }),
    intervalSeconds: times.intervalSeconds ?? 60,
    timeoutSeconds: times.timeoutSeconds ?? 20,
    delaySeconds: times.delaySeconds ?? 15,
  };
}

function completeReadiness(check: NonNullable<CanonicalChange["readinessChecks"]>[number]): ReadinessCheck {
  const codes = check.httpStatusCodesForReady;
  return {
    name: check.name ?? "readinessCheck",
    protocol: check.protocol ?? "HTTP",
    path: check.path ?? "/",
    portName: check.portName ?? "http-api",
    intervalSeconds: check.intervalSeconds ?? 30,
    timeoutSeconds: check.timeoutSeconds ?? 10,
    httpStatusCodesForReady: codes ?? [200],
    preserveLastResponse: check.preserveLastResponse ?? false,
  };
}
