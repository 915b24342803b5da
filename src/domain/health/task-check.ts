/**
 * Checks that run beside a task, as its framework asked for them, read and bounded.
 * Source: Mesos HealthCheck and CheckInfo (contract mesos.md section 2.6).
 */
import type { CheckInfo, CommandInfo, HealthCheck } from "#contracts/kernel/messages.gen.ts";

export type Probe =
  | { readonly kind: "command"; readonly command: CommandInfo }
  | {
      readonly kind: "http";
      readonly scheme: "http" | "https";
      /** Of the address: `127.0.0.1` or `::1`. */
      readonly host: string;
      readonly port: number;
      readonly path: string;
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

export interface CheckPlan {
  readonly probe: Probe;
  /** From the start of the task to its first run. */
  readonly delayMs: number;
  /** From the end of one run to the next. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface HealthCheckPlan extends CheckPlan {
  /** So many in a row end the task; 0 never does. */
  readonly failuresMax: number;
  /** Failures before the first success do not count for this long. */
  readonly gracePeriodMs: number;
}

/** A sentence naming the field that makes no sense. */
export interface CheckProblem {
  readonly problem: string;
}

/** Shorter ones would be a load of their own. */
const intervalMinMs = 100;
/** What "no timeout" means here: nothing waits for ever. */
const timeoutMaxMs = 3_600_000;
const secondsMax = 31_536_000;
const pathMax = 4_096;

export function readHealthCheck(wire: HealthCheck): HealthCheckPlan | CheckProblem {
  const http = wire.http;
  const plan = readPlan("health_check", wire, {
    command: wire.command,
    http: http === undefined ? undefined : { ...http, scheme: http.scheme ?? "http" },
    tcp: wire.tcp,
  });
  if ("problem" in plan) return plan;
  const grace = readSeconds(wire.grace_period_seconds, 10);
  if (grace === undefined) return { problem: "health_check.grace_period_seconds is not a time of 0 or more" };
  return { ...plan, gracePeriodMs: grace, failuresMax: Math.max(0, wire.consecutive_failures ?? 3) };
}

export function readCheck(wire: CheckInfo): CheckPlan | CheckProblem {
  return readPlan("check", wire, {
    command: wire.command?.command,
    http: wire.http === undefined ? undefined : { ...wire.http, scheme: "http" },
    tcp: wire.tcp,
  });
}

interface Parts {
  readonly command: CommandInfo | undefined;
  readonly http:
    | {
        readonly scheme: string;
        readonly port: number;
        readonly path?: string;
        readonly protocol?: string;
      }
    | undefined;
  readonly tcp: { readonly port: number; readonly protocol?: string } | undefined;
}

function readPlan(name: string, wire: HealthCheck | CheckInfo, parts: Parts): CheckPlan | CheckProblem {
  const probe = readProbe(name, wire.type, parts);
  if ("problem" in probe) return probe;
  const delayMs = readSeconds(wire.delay_seconds, 15);
  const intervalMs = readSeconds(wire.interval_seconds, 10);
  const timeoutMs = readSeconds(wire.timeout_seconds, 20);
  if (delayMs === undefined || intervalMs === undefined || timeoutMs === undefined)
    return { problem: `${name}: delay, interval and timeout must be times of 0 or more` };
  return {
    probe,
    delayMs,
    intervalMs: Math.max(intervalMinMs, intervalMs),
    timeoutMs: timeoutMs === 0 ? timeoutMaxMs : Math.min(timeoutMs, timeoutMaxMs),
  };
}

function readProbe(
  name: string,
  type: string | undefined,
  { command, http, tcp }: Parts,
): Probe | CheckProblem {
  const missing = (part: string): CheckProblem => ({
    problem: `${name}.${part} is missing for type ${type}`,
  });
  switch (type) {
    case "COMMAND":
      if (command === undefined) return missing("command");
      if (command.value === undefined || command.value === "")
        return { problem: `${name}.command.value is missing` };
      return { kind: "command", command };
    case "HTTP": {
      if (http === undefined) return missing("http");
      const { scheme, port, path = "/", protocol } = http;
      if (scheme !== "http" && scheme !== "https")
        return { problem: `${name}.http.scheme ${scheme} is neither http nor https` };
      if (!isPort(port)) return { problem: `${name}.http.port ${port} is no port` };
      if (!path.startsWith("/") || path.length > pathMax)
        return { problem: `${name}.http.path must begin with a slash` };
      return { kind: "http", scheme, host: hostOf(protocol), port, path };
    }
    case "TCP":
      if (tcp === undefined) return missing("tcp");
      if (!isPort(tcp.port)) return { problem: `${name}.tcp.port ${tcp.port} is no port` };
      return { kind: "tcp", host: hostOf(tcp.protocol), port: tcp.port };
    default:
      return { problem: `${name}.type must be COMMAND, HTTP or TCP` };
  }
}

const hostOf = (protocol: string | undefined): string => (protocol === "IPv6" ? "::1" : "127.0.0.1");
const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536;

/** In ms; undefined when it is no time. */
function readSeconds(seconds: number | undefined, otherwise: number): number | undefined {
  const given = seconds ?? otherwise;
  return given >= 0 && given <= secondsMax ? Math.round(given * 1000) : undefined;
}
