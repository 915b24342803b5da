/**
 * From a request's body to canonical jobs and schedules: shape, what can't be given, defaults, what makes sense.
 * Source: contract metronome.md section 3.
 */
import { JobInput, ScheduleInput } from "#contracts/jobs/job.ts";
import { given } from "../definitions/given.ts";
import { DefinitionInvalid, ProblemList, ShapeInvalid } from "../definitions/problems.ts";
import { shapeProblems } from "../definitions/shape.ts";
import type {
  JobArtifact,
  JobDefinition,
  JobNetwork,
  JobRunSpec,
  JobSchedule,
  JobVolume,
  ParsedJob,
} from "./job.ts";
import { findUnsupportedInJob } from "./unsupported-job.ts";
import { validateJob, validateSchedule, validateScheduleId } from "./validate-job.ts";

export interface ParseJobOptions {
  /** From the path: it stands in for the body's, whatever that says. */
  readonly id?: string;
}

type RunInput = JobInput["run"];
type TimingInput = Omit<ScheduleInput, "id"> & { readonly id: string };

/** A job for POST and PUT, with the schedule inside it. Throws `ShapeInvalid` or `DefinitionInvalid`. */
export function parseJob(body: unknown, { id }: ParseJobOptions = {}): ParsedJob {
  const input = withId(body, id);
  const shape = shapeProblems(JobInput, input);
  if (shape.length > 0) throw new ShapeInvalid(shape);
  const shaped = input as JobInput; // its shape was checked
  const job = completeJob(shaped);
  const schedules = (shaped.schedules ?? []).map(completeSchedule);
  const problems = new ProblemList();
  validateJob(job, schedules, shaped, problems);
  findUnsupportedInJob(job, problems);
  if (!problems.isEmpty) throw new DefinitionInvalid(problems.toDetails());
  return { job, schedules };
}

/** A schedule for the endpoints of schedules. Throws `ShapeInvalid` or `DefinitionInvalid`. */
export function parseSchedule(body: unknown, { id }: ParseJobOptions = {}): JobSchedule {
  const input = withId(body, id);
  const shape = shapeProblems(ScheduleInput, input);
  if (shape.length > 0) throw new ShapeInvalid(shape);
  const schedule = completeSchedule(input as ScheduleInput); // its shape was checked
  const problems = new ProblemList();
  // One that is there keeps its id, whatever that looks like: inside a job more is taken.
  if (id === undefined) validateScheduleId(schedule.id, problems);
  validateSchedule(schedule, "", problems);
  if (!problems.isEmpty) throw new DefinitionInvalid(problems.toDetails());
  return schedule;
}

/** Whether a body is meant to be a job: of all definitions only a job has `run`. */
export function isJobBody(body: unknown): boolean {
  return typeof body === "object" && body !== null && "run" in body;
}

function withId(body: unknown, id: string | undefined): unknown {
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  return id === undefined || !isObject ? body : { ...body, id };
}

function completeJob({ id, description, dependencies, labels, run }: JobInput): JobDefinition {
  return {
    id,
    ...given("description", description),
    dependencies: (dependencies ?? []).map((parent) => ({ id: parent.id })),
    labels: labels ?? {},
    run: completeRun(run),
  };
}

function completeRun(run: RunInput): JobRunSpec {
  const { docker, ucr } = run;
  return {
    cpus: run.cpus,
    mem: run.mem,
    disk: run.disk,
    gpus: run.gpus ?? 0,
    ...given("cmd", run.cmd),
    ...given("args", run.args),
    ...given("user", run.user),
    env: run.env ?? {},
    secrets: run.secrets ?? {},
    ...(docker === undefined
      ? {}
      : {
          docker: {
            image: docker.image,
            forcePullImage: docker.forcePullImage ?? false,
            privileged: docker.privileged ?? false,
            parameters: docker.parameters ?? [],
          },
        }),
    ...(ucr === undefined
      ? {}
      : {
          ucr: {
            image: {
              id: ucr.image.id,
              kind: ucr.image.kind ?? "docker",
              forcePull: ucr.image.forcePull ?? false,
            },
            privileged: ucr.privileged ?? false,
          },
        }),
    artifacts: (run.artifacts ?? []).map(completeArtifact),
    volumes: (run.volumes ?? []).map(completeVolume),
    networks: (run.networks ?? []).map(completeNetwork),
    placement: {
      constraints: (run.placement?.constraints ?? []).map(({ attribute, operator, value }) => ({
        attribute,
        operator: operator === "EQ" ? "IS" : operator,
        ...given("value", value),
      })),
    },
    maxLaunchDelay: run.maxLaunchDelay ?? 3_600,
    restart: run.restart ?? { policy: "NEVER" },
    ...given("taskKillGracePeriodSeconds", run.taskKillGracePeriodSeconds),
  };
}

function completeArtifact(artifact: NonNullable<RunInput["artifacts"]>[number]): JobArtifact {
  const { uri, extract = true, executable = false, cache = false } = artifact;
  return { uri, extract, executable, cache };
}

/** A mixture of both kinds is told when the whole is judged. */
function completeVolume(volume: NonNullable<RunInput["volumes"]>[number]): JobVolume {
  const { containerPath, hostPath, mode, secret } = volume;
  if (secret !== undefined) return { containerPath, secret };
  return { containerPath, hostPath: hostPath ?? "", mode: mode ?? "RO" };
}

function completeNetwork(network: NonNullable<RunInput["networks"]>[number]): JobNetwork {
  return { mode: network.mode, ...given("name", network.name), labels: network.labels ?? {} };
}

function completeSchedule(schedule: TimingInput): JobSchedule {
  return {
    id: schedule.id,
    cron: schedule.cron,
    timezone: schedule.timezone ?? "UTC",
    startingDeadlineSeconds: schedule.startingDeadlineSeconds ?? 900,
    concurrencyPolicy: schedule.concurrencyPolicy ?? "ALLOW",
    enabled: schedule.enabled ?? true,
  };
}
