/**
 * The second stage of pods: what they must be to make sense, every broken rule at once.
 * Source: contract marathon.md section 7.1.
 */
import type { PodInput } from "#contracts/services/pod.ts";
import { isHostPath, noHostPath } from "../launches/images.ts";
import { validateLinuxInfo } from "./linux-info.ts";
import { validateNetworks } from "./networks.ts";
import { validatePersistent } from "./persistent.ts";
import {
  definitionOfPod,
  type PodCheck,
  type PodContainer,
  type PodDefinition,
  type PodEndpoint,
} from "./pod.ts";
import { isInHostNetwork } from "./ports.ts";
import type { ProblemList } from "./problems.ts";
import { validateResident } from "./residency.ts";
import { type RoleRules, validateRoles } from "./roles.ts";
import { referencesIn, validateSecrets } from "./secret-references.ts";
import {
  isInsideSandbox,
  validateFiles,
  validateId,
  validateLimits,
  validateStrategies,
} from "./validate.ts";
import { constraintError, validateConstraintCount } from "./validate-constraints.ts";

/** Adds a problem for every rule broken. `given` is what the client sent of the pod, beside what it means. */
export function validatePod(
  pod: PodDefinition,
  given: PodInput,
  problems: ProblemList,
  rules: RoleRules,
): void {
  const definition = definitionOfPod(pod);
  validateId(pod.id, problems);
  validateRoles(definition, problems, { ...rules, where: "/scheduling/placement" });
  validateStrategies(definition, problems, "/scheduling");
  const { constraints } = pod.scheduling.placement;
  validateConstraintCount(constraints.length, "/scheduling/placement/constraints", problems);
  for (const [index, { fieldName, operator, value }] of constraints.entries()) {
    const error = constraintError([fieldName, operator, ...(value === undefined ? [] : [value])]);
    if (error !== undefined) problems.add(`/scheduling/placement/constraints(${index})`, error);
  }
  if (pod.linuxInfo !== undefined) validateLinuxInfo(pod.linuxInfo, "/linuxInfo", problems);
  for (const [index, { linuxInfo }] of pod.containers.entries())
    if (linuxInfo !== undefined) validateLinuxInfo(linuxInfo, `/containers(${index})/linuxInfo`, problems);
  validateNames(pod, problems);
  validateVolumes(pod, given, problems);
  validateResident(definition, problems, {
    upgrade: "/scheduling/upgrade",
    unreachable: "/scheduling/unreachableStrategy",
    placement: "/scheduling/placement",
  });
  validateNetworks(pod, problems);
  validatePorts(pod, problems);
  validateSecrets(
    pod.secrets,
    [
      ...referencesIn(pod.environment, "/environment"),
      ...pod.containers.flatMap(({ environment }, index) =>
        referencesIn(environment, `/containers(${index})/environment`),
      ),
      ...(pod.volumes ?? []).flatMap(({ secret }, index) =>
        secret === undefined ? [] : [[`/volumes(${index})/secret`, secret] as const],
      ),
      ...pod.containers.flatMap(({ image }, index) =>
        image?.pullConfig === undefined
          ? []
          : [[`/containers(${index})/image/pullConfig/secret`, image.pullConfig.secret] as const],
      ),
    ],
    problems,
  );
  for (const [index, container] of pod.containers.entries()) {
    const hasImage = given.containers[index]?.image !== undefined;
    validateContainer(container, `/containers(${index})`, { problems, hasImage });
  }
}

function validateNames({ containers, volumes = [] }: PodDefinition, problems: ProblemList): void {
  const unique = (names: readonly string[], path: string, error: string): void => {
    if (new Set(names).size < names.length) problems.add(path, error);
  };
  unique(
    containers.map(({ name }) => name),
    "/containers",
    "container names are unique",
  );
  unique(
    volumes.map(({ name }) => name),
    "/volumes",
    "volume names are unique",
  );
  const endpoints = containers.flatMap(({ endpoints: own = [] }) => own.map(({ name }) => name));
  unique(endpoints, "/", "Endpoint names are unique across all containers");
}

/** Every volume is mounted somewhere, and every mount is of a volume. */
function validateVolumes(
  { containers, volumes = [] }: PodDefinition,
  given: PodInput,
  problems: ProblemList,
): void {
  const byName = new Map(volumes.map((volume) => [volume.name, volume]));
  const mounted = new Set<string>();
  for (const [at, { volumeMounts = [] }] of containers.entries()) {
    const paths = new Set<string>();
    for (const [index, { name, mountPath }] of volumeMounts.entries()) {
      const where = `/containers(${at})/volumeMounts(${index})`;
      mounted.add(name);
      const volume = byName.get(name);
      if (volume === undefined) problems.add(`${where}/name`, `no volume of the pod is named "${name}"`);
      // In an image a path is anywhere, and what is of the machine is mounted over its other files.
      const isAnywhere = given.containers[at]?.image !== undefined || volume?.host !== undefined;
      if (!isInsideSandbox(mountPath) && !isAnywhere) {
        problems.add(`${where}/mountPath`, "must be relative and stay inside the sandbox");
      }
      if (paths.has(mountPath)) problems.add(`${where}/mountPath`, `${mountPath} is listed twice`);
      paths.add(mountPath);
    }
  }
  for (const [index, { name, host, persistent, secret }] of volumes.entries()) {
    const where = `/volumes(${index})`;
    if (!mounted.has(name)) problems.add(where, "a volume is mounted by one container at least");
    if (persistent !== undefined) {
      validatePersistent(persistent, `${where}/persistent`, problems);
      if (host !== undefined || secret !== undefined)
        problems.add(
          `${where}/persistent`,
          "cannot be given together with a secret or a folder of the machine",
        );
    }
    if (host === undefined) continue;
    if (!isHostPath(host)) problems.add(`${where}/host`, noHostPath);
    if (secret !== undefined) problems.add(`${where}/host`, "cannot be given together with a secret");
  }
}

function validatePorts({ containers, networks }: PodDefinition, problems: ProblemList): void {
  const isHost = isInHostNetwork({ networks });
  const names = networks.flatMap(({ name }) => name ?? []);
  const onAgent = new Set<number>();
  const inside = new Set<number>();
  for (const [at, { endpoints = [] }] of containers.entries()) {
    for (const [index, endpoint] of endpoints.entries()) {
      const where = `/containers(${at})/endpoints(${index})`;
      const { hostPort = 0, containerPort = 0 } = endpoint;
      if (isHost) validateHostEndpoint(endpoint, where, problems);
      else validateOwnEndpoint(endpoint, where, { names, problems });
      if (hostPort !== 0 && onAgent.has(hostPort))
        problems.add("/", "Host ports are unique across all containers");
      if (containerPort !== 0 && inside.has(containerPort))
        problems.add("/", "Container ports are unique across all containers");
      onAgent.add(hostPort);
      inside.add(containerPort);
    }
  }
}

function validateHostEndpoint(
  { containerPort, networkNames }: PodEndpoint,
  where: string,
  problems: ProblemList,
): void {
  if (containerPort !== undefined)
    problems.add(`${where}/containerPort`, "must not be set in a host network");
  if (networkNames !== undefined) problems.add(`${where}/networkNames`, "must be empty in a host network");
}

/** `names` are those of the pod's networks. */
function validateOwnEndpoint(
  { containerPort, hostPort, networkNames = [] }: PodEndpoint,
  where: string,
  { names, problems }: { readonly names: readonly string[]; readonly problems: ProblemList },
): void {
  if (containerPort === undefined)
    problems.add(`${where}/containerPort`, "is needed in a network of containers");
  for (const name of networkNames)
    if (!names.includes(name))
      problems.add(`${where}/networkNames`, `no network of the pod is named "${name}"`);
  if (names.length > 1 && hostPort !== undefined && networkNames.length !== 1)
    problems.add(`${where}/networkNames`, "a port of the agent leads into exactly one of several networks");
}

function validateContainer(
  container: PodContainer,
  where: string,
  { problems, hasImage }: { readonly problems: ProblemList; readonly hasImage: boolean },
): void {
  const { command } = container.exec;
  // An image brings its own command.
  if (!hasImage && ("shell" in command ? command.shell === "" : command.argv.length === 0)) {
    problems.add(`${where}/exec/command`, "must not be empty");
  }
  validateLimits(container.resources, container.resourceLimits, `${where}/resourceLimits`, problems);
  validateFiles(container.artifacts ?? [], `${where}/artifacts`, problems);
  for (const kind of ["healthCheck", "check"] as const) {
    const check = container[kind];
    if (check !== undefined) validateCheck(check, container, `${where}/${kind}`, problems);
  }
}

function validateCheck(
  check: PodCheck,
  { endpoints = [] }: PodContainer,
  where: string,
  problems: ProblemList,
): void {
  const { http, tcp, exec } = check;
  if ([http, tcp, exec].filter((kind) => kind !== undefined).length !== 1) {
    problems.add(where, "a check is exactly one of http, tcp and exec");
  }
  for (const [kind, endpoint] of [["http", http?.endpoint] as const, ["tcp", tcp?.endpoint] as const]) {
    if (endpoint === undefined || endpoints.some(({ name }) => name === endpoint)) continue;
    problems.add(`${where}/${kind}/endpoint`, `no endpoint of the container is named "${endpoint}"`);
  }
  if (exec !== undefined && "argv" in exec.command && exec.command.argv.length === 0) {
    problems.add(`${where}/exec/command`, "must not be empty");
  }
  if (check.timeoutSeconds >= check.intervalSeconds) {
    problems.add(`${where}/timeoutSeconds`, "must be smaller than intervalSeconds");
  }
}
