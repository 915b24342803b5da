/**
 * The second stage: what a definition must be to make sense, every broken rule at once.
 * Source: contract marathon.md section 5.
 */
import { type AppDefinition, type Artifact, hasOwnExecutor, type ResourceLimits } from "./app.ts";
import { validateExternalVolumes } from "./external-volumes.ts";
import { validateMappings, validateNetworks } from "./networks.ts";
import type { ProblemList } from "./problems.ts";
import { validateResidency } from "./residency.ts";
import { type RoleRules, validateRoles } from "./roles.ts";
import { referencesIn, validateSecrets } from "./secret-references.ts";
import { validateChecks } from "./validate-checks.ts";
import { constraintError, validateConstraintCount } from "./validate-constraints.ts";
import { validateContainer } from "./validate-container.ts";

const reservedSegments = new Set(["restart", "tasks", "versions", ".", ".."]);

export interface ValidateOptions extends RoleRules {
  /** An image brings its own command. */
  readonly hasImage: boolean;
}

/** Adds a problem for every rule broken. */
export function validateApp(
  app: AppDefinition,
  problems: ProblemList,
  { hasImage, ...rules }: ValidateOptions,
): void {
  validateId(app.id, problems);
  validateCommand(app, problems, hasImage);
  validateExecutor(app, problems);
  validatePorts(app, problems);
  validateNetworks(app, problems);
  validateMappings(app, problems);
  validateChecks(app, problems);
  validateConstraintCount(app.constraints?.length ?? 0, "/constraints", problems);
  for (const [index, constraint] of (app.constraints ?? []).entries()) {
    const error = constraintError(constraint);
    if (error !== undefined) problems.add(`/constraints(${index})`, error);
  }
  validateRoles(app, problems, rules);
  validateStrategies(app, problems);
  validateLimits(app, app.resourceLimits, "/resourceLimits", problems);
  validateContainer(app, problems);
  validateExternalVolumes(app, problems);
  validateResidency(app, problems);
  validateFiles(app.fetch ?? [], "/fetch", problems);
  validateSecretVolumes(app, problems);
  validateMigrationLabels(app.labels, problems);
}

/** What DC/OS needs to know of a framework whose data it migrates. */
function validateMigrationLabels(labels: AppDefinition["labels"], problems: ProblemList): void {
  const version = labels["DCOS_MIGRATION_API_VERSION"];
  if (version === undefined) return;
  if (version !== "v1") problems.add("/labels/DCOS_MIGRATION_API_VERSION", 'must be "v1"');
  for (const name of ["DCOS_PACKAGE_FRAMEWORK_NAME", "DCOS_MIGRATION_API_PATH"]) {
    if (labels[name] === undefined)
      problems.add(`/labels/${name}`, "must be set beside DCOS_MIGRATION_API_VERSION");
  }
}

function validateSecretVolumes(app: AppDefinition, problems: ProblemList): void {
  const references = [...referencesIn(app.env, "/env")];
  const hasImage = app.container?.docker !== undefined;
  const pull = app.container?.docker?.pullConfig;
  if (pull !== undefined) references.push(["/container/docker/pullConfig/secret", pull.secret]);
  for (const [index, volume] of (app.container?.volumes ?? []).entries()) {
    if (!("secret" in volume)) continue;
    const where = `/container/volumes(${index})`;
    references.push([`${where}/secret`, volume.secret]);
    if (!isInsideSandbox(hasImage ? volume.containerPath.replace(/^\//, "") : volume.containerPath))
      problems.add(`${where}/containerPath`, "must be relative and stay inside the sandbox");
  }
  validateSecrets(app.secrets, references, problems);
}

/** A path of a file or folder below the sandbox. */
export function isInsideSandbox(path: string): boolean {
  return !path.split("/").some((part) => part === "" || part === "." || part === "..");
}

/** `where` the limits stand. */
export function validateLimits(
  resources: Pick<AppDefinition, "cpus" | "mem">,
  limits: ResourceLimits | undefined,
  where: string,
  problems: ProblemList,
): void {
  for (const name of ["cpus", "mem"] as const) {
    const limit = limits?.[name];
    if (limit === undefined || limit === "unlimited" || limit >= resources[name]) continue;
    problems.add(
      `${where}/${name}`,
      `must be "unlimited" or at least ${resources[name]}, which is what is reserved`,
    );
  }
}

/** Source: RFC 2396, as the original reads addresses. */
const notInUri = /^:|[\s"<>\\^\x60{|}]|%(?![0-9a-fA-F]{2})/;

/** Files to fetch, listed under `where`. */
export function validateFiles(files: readonly Artifact[], where: string, problems: ProblemList): void {
  for (const [index, { uri, destPath }] of files.entries()) {
    if (uri === "" || notInUri.test(uri)) {
      problems.add(`${where}(${index})/uri`, "URI has invalid syntax.");
    }
    if (destPath?.startsWith("/") === true || destPath?.split("/").includes("..") === true) {
      problems.add(`${where}(${index})/destPath`, "must be relative and stay inside the sandbox");
    }
  }
}

/** What a body says was judged by its shape; what stands in a URL is judged here. */
const segmentShape = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** Of an app, a pod or a group. */
export function validatePath(path: string, problems: ProblemList): void {
  if (path === "/") return;
  for (const segment of path.split("/").slice(1)) {
    if (segmentShape.test(segment) || reservedSegments.has(segment)) continue;
    problems.add("/id", `"${segment}" has characters other than a-z, 0-9, and . and - between them`);
  }
}

export function validateId(id: string, problems: ProblemList): void {
  const segments = id.split("/").slice(1);
  validatePath(id, problems);
  if (id === "/") problems.add("/id", "must not be the root path");
  else if (reservedSegments.has(segments.at(-1) ?? "")) {
    problems.add("/id", `must not end with "${segments.at(-1)}", which the API uses itself`);
  }
}

function validateCommand({ cmd, args }: AppDefinition, problems: ProblemList, hasImage: boolean): void {
  const both = cmd !== undefined && args !== undefined;
  const neither = cmd === undefined && args === undefined;
  if (both || (neither && !hasImage)) problems.add("/", "An app has either 'cmd' or 'args' to run.");
  if (cmd === "") problems.add("/cmd", "must not be empty");
}

function validateExecutor(app: AppDefinition, problems: ProblemList): void {
  if (!hasOwnExecutor(app)) return;
  if (!/^\/?[^/]+(\/[^/]+)*$/.test(app.executor))
    problems.add("/executor", 'must be "//cmd", the path of a program, or empty');
}

function validatePorts({ portDefinitions = [] }: AppDefinition, problems: ProblemList): void {
  const names = portDefinitions.flatMap(({ name }) => name ?? []);
  if (new Set(names).size < names.length) problems.add("/portDefinitions", "Port names must be unique.");
  const ports = portDefinitions.map(({ port }) => port).filter((port) => port !== 0);
  if (new Set(ports).size < ports.length) problems.add("/portDefinitions", "Ports must be unique.");
}

/** `where` the strategies stand. */
export function validateStrategies(app: AppDefinition, problems: ProblemList, where = ""): void {
  const { unreachableStrategy, upgradeStrategy, instances, labels } = app;
  if (
    unreachableStrategy !== "disabled" &&
    unreachableStrategy.inactiveAfterSeconds > unreachableStrategy.expungeAfterSeconds
  ) {
    problems.add(
      `${where}/unreachableStrategy`,
      "inactiveAfterSeconds must not be larger than expungeAfterSeconds",
    );
  }
  if (labels["MARATHON_SINGLE_INSTANCE_APP"] !== "true") return;
  if (instances > 1) problems.add("/instances", "a single instance app has at most one");
  if (upgradeStrategy.minimumHealthCapacity !== 0 || upgradeStrategy.maximumOverCapacity !== 0) {
    problems.add(
      "/upgradeStrategy",
      "a single instance app needs minimumHealthCapacity and maximumOverCapacity of 0",
    );
  }
}
