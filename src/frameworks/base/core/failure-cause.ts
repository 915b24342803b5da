/**
 * What ended a task, told from its last status: as a code with parameters, for people.
 *
 * The status is what any Mesos agent sends, so that its texts are read with care: what is not recognised is told as it
 * was said. Source: contract mesos.md sections 2.3 and 4.2.
 */
import type { ReasonCode } from "#contracts/services/reasons.ts";
import type { InstantMs } from "#foundation/base/core.ts";

export interface TaskEnd {
  /** Of an instance: Finished, Failed, Unreachable and so on. */
  readonly condition: string;
  /** Mesos' reason, such as REASON_CONTAINER_LIMITATION_MEMORY. */
  readonly reason: string | undefined;
  /** The status' message. */
  readonly cause: string;
  readonly startedAt: InstantMs | undefined;
  readonly endedAt: InstantMs;
  readonly hostname: string | undefined;
}

export interface FailureCause {
  readonly code: ReasonCode;
  readonly parameters: Readonly<Record<string, string | number>>;
}

/** An operator took the node away from under the task: nobody's failure. */
export const isByOperator = (reason: string | undefined): boolean =>
  reason === "REASON_AGENT_DRAINING" || reason === "REASON_AGENT_REMOVED_BY_OPERATOR";

/** A program that is not there ends at once; 127 after a longer life is the program's own. */
const atOnceMs = 10_000;
/** Words of fetchers, ours and Mesos', about an artifact that did not come. */
const fetchWords = ["fetch", "download", "extract", "checksum"];
/** Status of a shell that did not find the command. */
const commandNotFoundStatus = 127;

/** An executor may say as much as it likes; what is looked for stands at the beginning. */
const causeMax = 4_096;

export function failureCause({ cause: said, ...rest }: TaskEnd): FailureCause {
  const end = { ...rest, cause: said.slice(0, causeMax) };
  const host = end.hostname ?? "";
  const detail = firstLine(end.cause);
  const of = (code: ReasonCode, parameters: FailureCause["parameters"] = {}): FailureCause => ({
    code,
    parameters: { host, detail, ...parameters },
  });
  const { cause, reason } = end;
  if (reason === "REASON_AGENT_DRAINING") return of("nodeDraining");
  if (reason === "REASON_AGENT_REMOVED_BY_OPERATOR") return of("nodeGone");
  if (reason === "REASON_CONTAINER_LIMITATION_MEMORY" || cause.startsWith("Memory limit exceeded")) {
    const [, limit = "?", used = "?"] = /Requested: ?(\S+?)MB Maximum Used: ?(\S+?)MB/.exec(cause) ?? [];
    return of("outOfMemory", { limit, used });
  }
  if (cause.startsWith("Task was killed since health check failed")) {
    return of("unhealthy", { detail: detail.replace(/^.*Reason: /, "") });
  }
  const launch = launchFailure(end);
  if (launch !== undefined) return of(launch.code, launch.parameters);
  const seconds = end.startedAt === undefined ? 0 : Math.round((end.endedAt - end.startedAt) / 1_000);
  const status = /exited with status (\d+)/.exec(cause)?.[1];
  if (status !== undefined && status !== "0") {
    const isAtOnce = end.startedAt === undefined || end.endedAt - end.startedAt < atOnceMs;
    return Number(status) === commandNotFoundStatus && isAtOnce
      ? of("commandNotFound", { status: commandNotFoundStatus })
      : of("exitedAtOnce", { status: Number(status), seconds });
  }
  const signal = /terminated with signal ([A-Za-z0-9+ ]+)/.exec(cause)?.[1];
  if (signal !== undefined) return of("killedBySignal", { signal: signal.trim(), seconds });
  return byCondition(end, of, seconds);
}

/** It never came to run. */
function launchFailure(end: TaskEnd): FailureCause | undefined {
  const { reason, cause } = end;
  const isLaunch = reason?.startsWith("REASON_CONTAINER_LAUNCH") === true;
  const surroundings = isLaunch
    ? (imageFailure(cause) ?? networkFailure(cause) ?? volumeFailure(cause))
    : undefined;
  if (surroundings !== undefined) return surroundings;
  const user = /no account (\S+)|user:? (\S+?):|[Uu]nknown user '?([^'\s]+)/.exec(cause);
  if (isLaunch && (cause.startsWith("user:") || /unknown user/i.test(cause))) {
    return { code: "userUnknown", parameters: { user: user?.[1] ?? user?.[2] ?? user?.[3] ?? "" } };
  }
  if (isLaunch && cause.includes("exec") && cause.includes("No such file")) {
    return { code: "commandNotFound", parameters: { status: commandNotFoundStatus } };
  }
  if (isLaunch && fetchWords.some((word) => cause.toLowerCase().includes(word))) {
    return { code: "fetchFailed", parameters: {} };
  }
  return isLaunch ? { code: "launchRefused", parameters: {} } : undefined;
}

/** Its image could not be had. */
function imageFailure(cause: string): FailureCause | undefined {
  const [, verb, image = "", detail = ""] = /^Failed to (pull|run) image (\S+): (.*)/s.exec(cause) ?? [];
  if (verb === undefined) return undefined;
  const parameters = { image, detail: firstLine(detail) };
  if (verb === "run") {
    const [, tools] = /^images need (.*) on the agent's machine/.exec(detail) ?? [];
    return tools === undefined
      ? { code: "launchRefused", parameters: {} }
      : { code: "imageToolsMissing", parameters: { ...parameters, tools } };
  }
  const says = (words: RegExp): boolean => words.test(detail);
  if (says(/unauthorized|authentication required|denied|forbidden/i))
    return { code: "imageDenied", parameters };
  if (says(/(manifest|name|repository).{0,40}unknown|not found/i))
    return { code: "imageMissing", parameters };
  return { code: "imageUnreachable", parameters };
}

/** Its network could not be made. */
function networkFailure(cause: string): FailureCause | undefined {
  const [, detail] = /^Container network: (.*)/s.exec(cause) ?? [];
  if (detail === undefined) return undefined;
  const unknown = /^there is no network (\S+) on this agent; it has ([^;]*)/.exec(detail);
  if (unknown !== null)
    return { code: "networkUnknown", parameters: { network: unknown[1] ?? "", known: unknown[2] ?? "" } };
  const plugin = /^the plugin (\S+) is not in (\S+);/.exec(detail);
  if (plugin !== null)
    return { code: "networkPluginMissing", parameters: { plugin: plugin[1] ?? "", path: plugin[2] ?? "" } };
  return { code: "networkFailed", parameters: { detail: firstLine(detail) } };
}

/** A plugin did not mount its volume. */
function volumeFailure(cause: string): FailureCause | undefined {
  const [, volume = "", detail] = /^External volume (.*?): (.*)/s.exec(cause) ?? [];
  if (detail === undefined) return undefined;
  const missing = /^there is no volume plugin (\S+) on this agent: no .* in (\S+)$/.exec(detail);
  if (missing !== null)
    return { code: "volumePluginMissing", parameters: { plugin: missing[1] ?? "", path: missing[2] ?? "" } };
  return { code: "volumeFailed", parameters: { volume, detail: firstLine(detail) } };
}

function byCondition(
  { condition }: TaskEnd,
  of: (code: ReasonCode, parameters?: FailureCause["parameters"]) => FailureCause,
  seconds: number,
): FailureCause {
  switch (condition) {
    case "Finished":
      return of("finished", { seconds });
    case "Unreachable":
    case "UnreachableInactive":
    case "Gone":
    case "Unknown":
      return of("agentUnreachable");
    default:
      return of("launchRefused");
  }
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
