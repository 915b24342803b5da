/**
 * From a pod's body to its definition: shape, what can't be given, defaults, what makes sense.
 * Source: contract marathon.md section 7.1.
 */
import { PodInput } from "#contracts/services/pod.ts";
import { type AppDefinition, defaultExecutorResources, type Network } from "./app.ts";
import { withEnumCase } from "./enum-case.ts";
import { given, nonEmpty, nonEmptyMap } from "./given.ts";
import { completeLinuxInfo } from "./linux-info.ts";
import { completeNetworks } from "./networks.ts";
import {
  completeArtifact,
  completeUnreachable,
  completeUpgrade,
  defaultUpgrade,
  type NormalizeOptions,
  pathWithin,
} from "./normalize.ts";
import { withoutNulls } from "./parse.ts";
import { completePersistent } from "./persistent.ts";
import {
  definitionOfPod,
  type PodCheck,
  type PodContainer,
  type PodDefinition,
  type PodEndpoint,
} from "./pod.ts";
import { DefinitionInvalid, type FieldProblem, ProblemList, ShapeInvalid } from "./problems.ts";
import { defaultRoleOf } from "./roles.ts";
import { shapeProblems } from "./shape.ts";
import { findUnsupportedInPod } from "./unsupported-pod.ts";
import { validatePod } from "./validate-pod.ts";

type ContainerInput = PodInput["containers"][number];

/** A whole pod, for POST and PUT. Throws what `problems.ts` lists. */
export function parsePod(body: unknown, options: NormalizeOptions): AppDefinition {
  const input = shapedPod(withEnumCase(PodInput, withoutNulls(body)));
  const problems = new ProblemList();
  findUnsupportedInPod(input, problems);
  const pod = completePod(input, options);
  validatePod(pod, input, problems, options);
  if (!problems.isEmpty) throw new DefinitionInvalid(problems.toDetails());
  return definitionOfPod(pod);
}

/** Whether a body is meant to be a pod: only a pod has containers. */
export function isPodBody(body: unknown): boolean {
  return typeof body === "object" && body !== null && "containers" in body;
}

function shapedPod(body: unknown): PodInput {
  const problems = [...shapeProblems(PodInput, body)];
  // Names of variables are judged with the shape, and a schema of a map has no path for one of its names.
  if (problems.length === 0) problems.push(...variableProblems(body as PodInput));
  if (problems.length > 0) throw new ShapeInvalid(problems);
  return body as PodInput; // its shape was checked
}

const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,253}$/;

function variableProblems(pod: PodInput): readonly FieldProblem[] {
  const ofMap = (where: string, environment: PodInput["environment"]): readonly FieldProblem[] =>
    Object.keys(environment ?? {})
      .filter((name) => !variableName.test(name))
      .map((name) => ({ path: `${where}/environment/${name}`, errors: ["error.pattern"] }));
  return [
    ...ofMap("", pod.environment),
    ...pod.containers.flatMap(({ environment }, index) => ofMap(`/containers(${index})`, environment)),
  ];
}

function completePod(input: PodInput, { base = "/", ...rules }: NormalizeOptions): PodDefinition {
  const { scaling, scheduling = {}, executorResources } = input;
  const { backoff, placement, unreachableStrategy } = scheduling;
  const networks = completeNetworks(input.networks);
  const id = pathWithin(base, input.id);
  const isResident = input.volumes?.some(({ persistent }) => persistent !== undefined) === true;
  return {
    id,
    labels: input.labels ?? {},
    ...given("user", input.user),
    ...nonEmptyMap("environment", input.environment),
    ...nonEmptyMap("secrets", input.secrets),
    containers: input.containers.map((container) => completeContainer(container, networks)),
    ...nonEmpty(
      "volumes",
      input.volumes?.map(({ name, host, persistent, secret }) => ({
        name,
        ...given("host", host),
        ...given("persistent", persistent === undefined ? undefined : completePersistent(persistent)),
        ...given("secret", secret),
      })),
    ),
    ...given(
      "linuxInfo",
      input.linuxInfo?.ipcInfo === undefined ? undefined : { ipcInfo: input.linuxInfo.ipcInfo },
    ),
    networks,
    scaling: { kind: "fixed", instances: scaling?.instances ?? 1 },
    scheduling: {
      backoff: {
        backoff: backoff?.backoff ?? 1,
        backoffFactor: backoff?.backoffFactor ?? 1.15,
        maxLaunchDelay: backoff?.maxLaunchDelay ?? 300,
      },
      upgrade: completeUpgrade(scheduling.upgrade ?? defaultUpgrade(isResident)),
      placement: {
        constraints: (placement?.constraints ?? []).map(({ fieldName, operator, value }) => ({
          fieldName,
          operator,
          ...given("value", value),
        })),
        ...given("acceptedResourceRoles", placement?.acceptedResourceRoles),
      },
      killSelection: scheduling.killSelection ?? "YOUNGEST_FIRST",
      unreachableStrategy:
        isResident && unreachableStrategy === undefined
          ? "disabled"
          : completeUnreachable(unreachableStrategy),
    },
    executorResources: { ...defaultExecutorResources, ...executorResources },
    role: input.role ?? defaultRoleOf(id, rules),
  };
}

function completeContainer(container: ContainerInput, networks: readonly Network[]): PodContainer {
  const { resources, healthCheck, check, volumeMounts, lifecycle } = container;
  return {
    name: container.name,
    exec: {
      command: container.exec?.command ?? { argv: [] },
      ...(container.image !== undefined && container.exec?.overrideEntrypoint === false
        ? { overrideEntrypoint: false as const }
        : {}),
    },
    ...given("image", container.image === undefined ? undefined : completeImage(container.image)),
    resources: {
      cpus: resources.cpus ?? 1,
      mem: resources.mem ?? 128,
      disk: resources.disk ?? 0,
      gpus: resources.gpus ?? 0,
    },
    ...nonEmptyMap("resourceLimits", container.resourceLimits),
    ...given("linuxInfo", completeLinuxInfo(container.linuxInfo)),
    ...(container.tty === true ? { tty: true as const } : {}),
    ...nonEmpty(
      "endpoints",
      container.endpoints?.map((endpoint) => completeEndpoint(endpoint, networks)),
    ),
    ...nonEmptyMap("environment", container.environment),
    ...given("user", container.user),
    ...given(
      "healthCheck",
      healthCheck === undefined
        ? undefined
        : {
            ...completeCheck(healthCheck),
            gracePeriodSeconds: healthCheck.gracePeriodSeconds ?? 300,
            maxConsecutiveFailures: healthCheck.maxConsecutiveFailures ?? 3,
          },
    ),
    ...given("check", check === undefined ? undefined : completeCheck(check)),
    ...nonEmpty(
      "volumeMounts",
      volumeMounts?.map(({ name, mountPath, readOnly }) => ({
        name,
        mountPath,
        ...(readOnly === true ? { readOnly } : {}),
      })),
    ),
    ...nonEmpty("artifacts", container.artifacts?.map(completeArtifact)),
    ...nonEmptyMap("labels", container.labels),
    ...given("lifecycle", lifecycle?.killGracePeriodSeconds === undefined ? undefined : lifecycle),
  };
}

function completeImage({
  id,
  forcePull,
  labels,
  pullConfig,
}: NonNullable<ContainerInput["image"]>): NonNullable<PodContainer["image"]> {
  return {
    kind: "DOCKER",
    id,
    forcePull: forcePull ?? false,
    ...nonEmptyMap("labels", labels),
    ...given("pullConfig", pullConfig),
  };
}

/** Only in a named network a port may be the container's alone. */
function completeEndpoint(
  {
    name,
    containerPort,
    hostPort,
    protocol,
    labels,
    networkNames,
  }: NonNullable<ContainerInput["endpoints"]>[number],
  networks: readonly Network[],
): PodEndpoint {
  const isNamed = networks.some(({ mode }) => mode === "container");
  return {
    name,
    ...given("containerPort", containerPort),
    ...given("hostPort", hostPort ?? (isNamed ? undefined : 0)),
    protocol: protocol === undefined || protocol.length === 0 ? ["tcp"] : protocol,
    ...nonEmptyMap("labels", labels),
    ...nonEmpty("networkNames", networkNames),
  };
}

function completeCheck({
  http,
  tcp,
  exec,
  ...times
}: Omit<
  NonNullable<ContainerInput["healthCheck"]>,
  "gracePeriodSeconds" | "maxConsecutiveFailures"
>): PodCheck {
  return {
    ...given(
      "http",
      http === undefined
        ? undefined
        : { endpoint: http.endpoint, ...given("path", http.path), scheme: http.scheme ?? "HTTP" },
    ),
    ...given("tcp", tcp),
    ...given("exec", exec),
    intervalSeconds: times.intervalSeconds ?? 60,
    timeoutSeconds: times.timeoutSeconds ?? 20,
    delaySeconds: times.delaySeconds ?? 15,
  };
}
