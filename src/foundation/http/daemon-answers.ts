/** What every daemon of Mesos answers about its own process. Source: contract mesos.md sections 3.1, 3.4 and 3.5. */
import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import type { MasterCallSetLoggingLevel } from "#contracts/kernel/messages.gen.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { Verbosity } from "#foundation/telemetry/index.ts";
import { type Answer, empty, json, text } from "./answer.ts";
import type { HttpRequest } from "./server.ts";

const levelMax = 3;
const millisecondsMax = 86_400_000;

/** `level` 0 to 3, of which all above 0 mean our debug lines; `duration` says for how long. */
export function setLoggingLevel(verbosity: Verbosity, wanted: MasterCallSetLoggingLevel | undefined): Answer {
  if (wanted === undefined) return text("Expecting 'set_logging_level' to be present", 400);
  const milliseconds = wanted.duration.nanoseconds / 1_000_000;
  if (!(wanted.level >= 0 && wanted.level <= levelMax))
    return text(`set_logging_level.level: from 0 to ${levelMax}, not ${wanted.level}`, 400);
  if (!(milliseconds > 0 && milliseconds <= millisecondsMax))
    return text("set_logging_level.duration: more than nothing, and at most a day", 400);
  return change(verbosity, wanted.level, milliseconds);
}

/** `?level=1&duration=5mins`: debug lines for that long. Without parameters it answers the level. */
export function toggleLogging(verbosity: Verbosity, query: URLSearchParams): Answer {
  const [level, duration] = [query.get("level"), query.get("duration")];
  if (level === null && duration === null) return text(`${verbosity.asMesos}`);
  if (level === null || duration === null)
    return text("level and duration are wanted both, such as ?level=1&duration=5mins", 400);
  const milliseconds = millisecondsOf(duration);
  if (!/^\d$/.test(level) || Number(level) > levelMax)
    return text(`level: from 0 to ${levelMax}, not ${level}`, 400);
  if (milliseconds === undefined || !(milliseconds > 0 && milliseconds <= millisecondsMax))
    return text(`duration: such as 30secs, 5mins or 1hrs, at most a day, not ${duration}`, 400);
  return change(verbosity, Number(level), milliseconds);
}

function change(verbosity: Verbosity, level: number, milliseconds: number): Answer {
  if (level === 0) verbosity.reset();
  else verbosity.set("debug", milliseconds);
  return empty(200);
}

/** `/metrics/snapshot`. Everything is at hand, so that a `timeout` leaves nothing out; one that is none is refused. */
export function metricsSnapshotAnswer(query: URLSearchParams, metrics: () => JsonObject): Answer {
  const timeout = query.get("timeout");
  if (timeout !== null && millisecondsOf(timeout) === undefined)
    return text(`timeout: such as 5secs, not ${timeout}`, 400);
  return json(metrics());
}

/** `/metrics/snapshot` of this machine. */
export function systemMetrics(): Readonly<Record<string, number>> {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  return {
    "system/cpus_total": availableParallelism(),
    "system/load_1min": one,
    "system/load_5min": five,
    "system/load_15min": fifteen,
    "system/mem_total_bytes": totalmem(),
    "system/mem_free_bytes": freemem(),
  };
}

const unitMilliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  secs: 1_000,
  mins: 60_000,
  hrs: 3_600_000,
  days: 86_400_000,
};

function millisecondsOf(duration: string): number | undefined {
  const { 1: amount, 2: unit = "" } = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(duration) ?? [];
  const each = unitMilliseconds[unit];
  return amount === undefined || each === undefined ? undefined : Number(amount) * each;
}

/** `/system/stats`. */
export function systemStats(): Answer {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  return json({
    avg_load_1min: one,
    avg_load_5min: five,
    avg_load_15min: fifteen,
    cpus_total: availableParallelism(),
    mem_total_bytes: totalmem(),
    mem_free_bytes: freemem(),
  });
}

/** An endpoint without its actor's name, and what it is for. */
export type HelpTexts = ReadonlyMap<string, string>;

/**
 * `/help`, `/help/<actor>` and `/help/<actor>/<endpoint>`: what is answered here, for people; `?format=json` as Mesos'
 * own pages read it.
 */
export function addHelp(
  actor: string,
  texts: HelpTexts,
  get: (path: string, handler: (request: HttpRequest) => Answer) => void,
): void {
  const all = [...texts].sort(([one], [other]) => (one < other ? -1 : 1));
  const told = (wanted: typeof all, isWhole: boolean) => {
    const process = { id: actor, endpoints: wanted.map(([name, own]) => ({ name, text: own })) };
    const lines = wanted.map(([name, own]) => `/${actor}${name}\n    ${own}\n`).join("");
    return ({ query }: HttpRequest): Answer =>
      query.get("format") === "json" ? json(isWhole ? { processes: [process] } : process) : text(lines);
  };
  get("/help", told(all, true));
  get(`/help/${actor}`, told(all, false));
  for (const entry of all) get(`/help/${actor}${entry[0]}`, told([entry], false));
}
