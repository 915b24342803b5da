/**
 * The second stage: what a job must be to make sense, every broken rule at once.
 * Source: contract metronome.md section 3.
 */
import type { JobInput } from "#contracts/jobs/job.ts";
import type { ProblemList } from "../definitions/problems.ts";
import { isInsideSandbox, validateFiles } from "../definitions/validate.ts";
import { regexError, validateConstraintCount } from "../definitions/validate-constraints.ts";
import { parameterProblem, parametersProblem } from "../launches/docker-parameters.ts";
import { isHostPath, noHostPath } from "../launches/images.ts";
import { secretPathOf } from "../secrets/index.ts";
import { cronProblem, isTimeZone } from "./cron.ts";
import type { JobDefinition, JobRunSpec, JobSchedule } from "./job.ts";

/** Adds a problem for every rule broken. `given` is the body, where it has to be told from its defaults. */
export function validateJob(
  { id, dependencies, run }: JobDefinition,
  schedules: readonly JobSchedule[],
  given: JobInput,
  problems: ProblemList,
): void {
  for (const [index, schedule] of schedules.entries())
    validateSchedule(schedule, `/schedules(${index})`, problems);
  validateDependencies(id, dependencies, problems);
  if (dependencies.length > 0 && schedules.length > 0)
    problems.add("/dependencies", "cannot be given together with schedules");
  validateContainer(run, problems);
  validateNetworks(run, problems);
  validateVolumes(run, given.run.volumes ?? [], problems);
  validateSecrets(run, problems);
  validateFiles(run.artifacts, "/run/artifacts", problems);
  validatePlacement(run, problems);
}

export function validateSchedule(schedule: JobSchedule, where: string, problems: ProblemList): void {
  const cron = cronProblem(schedule.cron);
  if (cron !== undefined) problems.add(`${where}/cron`, cron);
  if (!isTimeZone(schedule.timezone))
    problems.add(`${where}/timezone`, `"${schedule.timezone}" is no time zone of the IANA database`);
}

/** Of a schedule that is made by itself. */
export function validateScheduleId(id: string, problems: ProblemList): void {
  if (!/^[a-z0-9][a-z0-9-]*[a-z0-9]$/.test(id)) problems.add("/id", `"${id}" cannot be the id of a schedule`);
}

function validateDependencies(
  id: string,
  dependencies: JobDefinition["dependencies"],
  problems: ProblemList,
): void {
  const seen = new Set<string>();
  for (const [index, parent] of dependencies.entries()) {
    if (seen.has(parent.id)) problems.add("/dependencies", `${parent.id} is listed twice`);
    seen.add(parent.id);
    if (parent.id === id) problems.add(`/dependencies(${index})`, "a job cannot depend on itself");
  }
}

function validateContainer({ cmd, docker, ucr, gpus }: JobRunSpec, problems: ProblemList): void {
  if (docker !== undefined && ucr !== undefined)
    problems.add("/run/docker", "cannot be given together with ucr");
  if (cmd === undefined && docker === undefined && ucr === undefined)
    problems.add("/run", "a run needs one of cmd, docker and ucr");
  if (cmd === "") problems.add("/run/cmd", "must not be empty");
  if (docker !== undefined && gpus > 0) problems.add("/run/gpus", "cannot be given together with docker");
  if (docker?.image === "") problems.add("/run/docker/image", "must not be empty");
  for (const [index, parameter] of (docker?.parameters ?? []).entries()) {
    const problem = parameterProblem(parameter);
    if (problem !== undefined) problems.add(`/run/docker/parameters(${index})/value`, problem);
  }
  const together = parametersProblem(docker?.parameters ?? []);
  if (together !== undefined)
    problems.add(`/run/docker/parameters(${together.index})/value`, together.problem);
  if (ucr?.image.id === "") problems.add("/run/ucr/image/id", "must not be empty");
}

function validateNetworks({ networks, docker, ucr }: JobRunSpec, problems: ProblemList): void {
  const add = (error: string): void => problems.add("/run/networks", error);
  if (new Set(networks.map(({ mode }) => mode)).size > 1) add("all networks have the same mode");
  const names = networks.flatMap(({ name }) => name ?? []);
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) < index)))
    add(`${name} is listed twice`);
  if (docker !== undefined && networks.length > 1) add("a docker job is in one network");
  for (const [index, { mode, name }] of networks.entries()) {
    const where = `/run/networks(${index})`;
    if (mode === "container") {
      if (name === undefined || name === "") problems.add(`${where}/name`, "a container network has a name");
    } else if (name !== undefined) problems.add(`${where}/name`, `a ${mode} network has no name`);
    if (mode !== "host" && docker === undefined && ucr === undefined)
      problems.add(`${where}/mode`, "only a job with docker or ucr can be in a network of containers");
  }
  if (networks.length > 1 && networks.some(({ mode }) => mode !== "container"))
    add("there is at most one host or container/bridge network");
}

function validateVolumes(
  { docker, ucr }: JobRunSpec,
  given: NonNullable<JobInput["run"]["volumes"]>,
  problems: ProblemList,
): void {
  for (const [index, { containerPath, hostPath, mode, secret }] of given.entries()) {
    const where = `/run/volumes(${index})`;
    if (containerPath === "") problems.add(`${where}/containerPath`, "must not be empty");
    else if (secret === undefined && containerPath.split("/").includes(".."))
      problems.add(`${where}/containerPath`, "must have no ..");
    if (secret !== undefined) {
      const relative = ucr === undefined ? containerPath : containerPath.replace(/^\//, "");
      if (hostPath !== undefined || mode !== undefined)
        problems.add(where, "a volume has either hostPath and mode, or a secret");
      else if (containerPath !== "" && !isInsideSandbox(relative))
        problems.add(`${where}/containerPath`, "must be relative and stay inside the sandbox");
      if (docker !== undefined) problems.add(`${where}/secret`, "cannot be given together with docker");
    } else if (hostPath === undefined && mode === undefined)
      problems.add(where, "a volume has either hostPath and mode, or a secret");
    else if (hostPath === undefined || hostPath === "")
      problems.add(`${where}/hostPath`, "must not be empty");
    else if (!isHostPath(hostPath)) problems.add(`${where}/hostPath`, noHostPath);
    else if (mode === undefined) problems.add(`${where}/mode`, "a volume of the host needs RO or RW");
  }
}

/** Every reference is declared, and every declaration is used. */
function validateSecrets({ env, volumes, secrets }: JobRunSpec, problems: ProblemList): void {
  const used = new Set<string>();
  const refer = (path: string, name: string): void => {
    used.add(name);
    if (!Object.hasOwn(secrets, name)) problems.add(path, `no secret is named "${name}" in /run/secrets`);
  };
  for (const [name, value] of Object.entries(env))
    if (typeof value !== "string") refer(`/run/env/${name}`, value.secret);
  for (const [index, volume] of volumes.entries())
    if ("secret" in volume) refer(`/run/volumes(${index})/secret`, volume.secret);
  for (const [name, { source }] of Object.entries(secrets))
    if (secretPathOf(source) === undefined)
      problems.add(`/run/secrets/${name}/source`, `"${source}" is not the path of a secret`);
  for (const name of Object.keys(secrets))
    if (!used.has(name)) problems.add(`/run/secrets/${name}`, "no variable and no volume uses it");
}

function validatePlacement({ placement }: JobRunSpec, problems: ProblemList): void {
  validateConstraintCount(placement.constraints.length, "/run/placement/constraints", problems);
  for (const [index, { attribute, operator, value }] of placement.constraints.entries()) {
    const where = `/run/placement/constraints(${index})`;
    if (attribute === "") problems.add(`${where}/attribute`, "must not be empty");
    if (value === undefined || operator === "IS") continue;
    const error = regexError(value);
    if (error !== undefined) problems.add(`${where}/value`, error);
  }
}
