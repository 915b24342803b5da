/** The checks that a task carries to its agent. Source: contract marathon.md section 15, mesos.md section 2.6. */
import type { CheckInfo, CheckStatusInfo, HealthCheck } from "#contracts/kernel/messages.gen.ts";
import {
  type AppDefinition,
  type HealthCheck as CheckDefinition,
  type CheckedPort,
  isAtAgent,
} from "#domain/definitions/app.ts";
import type { CheckResultJson } from "./views.ts";

/** Undefined for an app whose checks Services runs itself. */
export function agentCheckOf(
  definition: AppDefinition,
): ((ports: readonly number[]) => HealthCheck) | undefined {
  const check = definition.healthChecks?.find(({ protocol }) => isAtAgent(protocol));
  if (check === undefined) return undefined;
  const common = {
    delay_seconds: check.delaySeconds ?? 15,
    interval_seconds: check.intervalSeconds,
    timeout_seconds: check.timeoutSeconds,
    // Where no failure is allowed the first one ends the task, as the first is all that 1 allows.
    consecutive_failures: Math.max(1, check.maxConsecutiveFailures),
    grace_period_seconds: check.gracePeriodSeconds,
  };
  return (ports) => ({ ...common, ...whatToDo(check, ports) });
}

/** The check that only tells; undefined for an app without one. */
export function plainCheckOf({
  check,
}: AppDefinition): ((ports: readonly number[]) => CheckInfo) | undefined {
  if (check === undefined) return undefined;
  const common = {
    delay_seconds: check.delaySeconds,
    interval_seconds: check.intervalSeconds,
    timeout_seconds: check.timeoutSeconds,
  };
  const { http, tcp, exec } = check;
  return (ports) => {
    const portOf = ({ port, portIndex }: CheckedPort): number => port ?? ports[portIndex ?? 0] ?? 0;
    if (http !== undefined) {
      const path = http.path ?? "/";
      return {
        ...common,
        type: "HTTP",
        http: { port: portOf(http), path: path.startsWith("/") ? path : `/${path}` },
      };
    }
    if (tcp !== undefined) return { ...common, type: "TCP", tcp: { port: portOf(tcp) } };
    const value = exec?.command.shell ?? "";
    return { ...common, type: "COMMAND", command: { command: { shell: true, value } } };
  };
}

/** What a check told, in Marathon's words; undefined when it told nothing yet. */
export function checkResultOf(status: CheckStatusInfo | undefined): CheckResultJson | undefined {
  const statusCode = status?.http?.status_code;
  if (statusCode !== undefined) return { http: { statusCode } };
  const succeeded = status?.tcp?.succeeded;
  if (succeeded !== undefined) return { tcp: { succeeded } };
  const exitCode = status?.command?.exit_code;
  return exitCode === undefined ? undefined : { command: { exitCode } };
}

function whatToDo(check: CheckDefinition, ports: readonly number[]): HealthCheck {
  const port = check.port ?? ports[check.portIndex ?? 0] ?? 0;
  const family = check.ipProtocol === "IPv6" ? { protocol: "IPv6" as const } : {};
  switch (check.protocol) {
    case "COMMAND":
      return { type: "COMMAND", command: { shell: true, value: check.command?.value ?? "" } };
    case "MESOS_TCP":
      return { type: "TCP", tcp: { port, ...family } };
    default: {
      const path = check.path ?? "/";
      return {
        type: "HTTP",
        http: {
          scheme: check.protocol === "MESOS_HTTPS" ? "https" : "http",
          port,
          ...family,
          path: path.startsWith("/") ? path : `/${path}`,
        },
      };
    }
  }
}
