/** What health and readiness checks must be. Source: contract marathon.md sections 5, 10.5 and 15.1. */
import {
  type AppDefinition,
  type Check,
  type CheckedPort,
  type HealthCheck,
  isAtAgent,
  type ReadinessCheck,
} from "./app.ts";
import { portsOf } from "./ports.ts";
import type { ProblemList } from "./problems.ts";

/** Adds a problem for every rule broken. */
export function validateChecks(app: AppDefinition, problems: ProblemList): void {
  const { healthChecks = [], readinessChecks = [] } = app;
  for (const [index, check] of healthChecks.entries()) {
    validateHealthCheck(check, app, problems, `/healthChecks(${index})`);
  }
  // A task carries one check to its agent. More of them were taken elsewhere, and all but the first ignored.
  if (healthChecks.filter(({ protocol }) => isAtAgent(protocol)).length > 1) {
    problems.add(
      "/healthChecks",
      "AppDefinition can contain at most one check that agents run: COMMAND or MESOS_*",
    );
  }
  if (app.check !== undefined) validateCheck(app.check, app, problems);
  if (readinessChecks.length > 1) problems.add("/readinessChecks", "there can be at most one");
  for (const [index, check] of readinessChecks.entries()) {
    validateReadiness(check, app, problems, `/readinessChecks(${index})`);
  }
}

function validateHealthCheck(
  check: HealthCheck,
  app: AppDefinition,
  problems: ProblemList,
  where: string,
): void {
  const { protocol, port, portIndex, command } = check;
  const ports = portsOf(app);
  if (protocol === "COMMAND") {
    if (command === undefined || command.value === "") {
      problems.add(`${where}/command`, "a COMMAND check needs a command to run");
    }
    return;
  }
  if (command !== undefined) problems.add(`${where}/command`, `a ${protocol} check has no command`);
  if (port !== undefined && portIndex !== undefined) {
    problems.add(where, "HealthCheck must specify either a port or a portIndex.");
  } else if (port === undefined && (portIndex === undefined || portIndex >= ports.length)) {
    problems.add(
      where,
      "Health check port indices must address an element of the ports array or container port mappings.",
    );
  }
  const isDocker = app.container?.type === "DOCKER";
  if (check.ipProtocol === "IPv6" && !(isDocker && isAtAgent(protocol))) {
    problems.add(`${where}/ipProtocol`, "IPv6 can only be used with container.type DOCKER");
  }
}

function validateCheck(check: Check, app: AppDefinition, problems: ProblemList): void {
  const ports = portsOf(app);
  const { http, tcp, exec } = check;
  if ([http, tcp, exec].filter((kind) => kind !== undefined).length !== 1) {
    problems.add("/check", "a check is exactly one of http, tcp and exec");
  }
  const checked: readonly (readonly [string, CheckedPort | undefined])[] = [
    ["http", http],
    ["tcp", tcp],
  ];
  for (const [name, { port, portIndex } = {}] of checked) {
    if (port !== undefined && portIndex !== undefined) {
      problems.add(`/check/${name}`, "HealthCheck must specify either a port or a portIndex.");
    } else if (portIndex !== undefined && portIndex >= ports.length) {
      problems.add(
        `/check/${name}`,
        "Health check port indices must address an element of the ports array or container port mappings.",
      );
    }
  }
  if (exec?.command.shell === "") problems.add("/check/exec/command/shell", "must not be empty");
}

function validateReadiness(
  check: ReadinessCheck,
  app: AppDefinition,
  problems: ProblemList,
  where: string,
): void {
  if (!portsOf(app).some(({ name }) => name === check.portName)) {
    problems.add(`${where}/portName`, `no port of the app is named "${check.portName}"`);
  }
  if (check.timeoutSeconds >= check.intervalSeconds) {
    problems.add(`${where}/timeoutSeconds`, "must be smaller than intervalSeconds");
  }
  if (check.httpStatusCodesForReady.length === 0) {
    problems.add(`${where}/httpStatusCodesForReady`, "must not be empty");
  }
  for (const [index, code] of check.httpStatusCodesForReady.entries()) {
    if (code < 100 || code > 999) {
      problems.add(`${where}/httpStatusCodesForReady(${index})`, "a status is from 100 to 999");
    }
  }
}
