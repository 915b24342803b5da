/** The health check that a task carries to its agent. Source: contract marathon.md section 15, mesos.md section 2.6. */
import type { HealthCheck } from "#contracts/kernel/messages.gen.ts";
import {
  type AppDefinition,
  type HealthCheck as CheckDefinition,
  isAtAgent,
} from "#domain/definitions/app.ts";

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
    consecutive_failures: check.maxConsecutiveFailures,
    grace_period_seconds: check.gracePeriodSeconds,
  };
  return (ports) => ({ ...common, ...whatToDo(check, ports) });
}

function whatToDo(check: CheckDefinition, ports: readonly number[]): HealthCheck {
  const port = check.port ?? ports[check.portIndex ?? 0] ?? 0;
  switch (check.protocol) {
    case "COMMAND":
      return { type: "COMMAND", command: { shell: true, value: check.command?.value ?? "" } };
    case "MESOS_TCP":
      return { type: "TCP", tcp: { port } };
    default: {
      const path = check.path ?? "/";
      return {
        type: "HTTP",
        http: {
          scheme: check.protocol === "MESOS_HTTPS" ? "https" : "http",
          port,
          path: path.startsWith("/") ? path : `/${path}`,
        },
      };
    }
  }
}
