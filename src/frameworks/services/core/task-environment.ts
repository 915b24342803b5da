/** The environment of an app's task. Source: contract marathon.md section 9.2. */
import type { EnvironmentVariable } from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { PlacedPort } from "#domain/definitions/ports.ts";
import { decimalText, labelVariables, secretVariable, variable } from "#domain/launches/task-variables.ts";

export interface TaskPlace {
  readonly taskId: string;
  readonly host: string;
  /** ISO text of the definition's version. */
  readonly version: string;
  /** Prefix of HOST and the PORT variables. */
  readonly prefix: string;
  /** The app's top-level group enforces its role. */
  readonly isRoleEnforced: boolean;
}

/** What all tasks of a definition have in common. */
export interface EnvironmentTemplate {
  readonly fixed: readonly EnvironmentVariable[];
  /** The user's own: they override everything. */
  readonly users: readonly EnvironmentVariable[];
  readonly userNames: ReadonlySet<string>;
}

export function environmentTemplateOf(definition: AppDefinition): EnvironmentTemplate {
  const users = userVariables(definition.env, definition.secrets);
  const fixed = new Map<string, string>([
    ["MARATHON_APP_ID", definition.id],
    ...(definition.container?.type === "DOCKER" && definition.container.docker !== undefined
      ? [["MARATHON_APP_DOCKER_IMAGE", definition.container.docker.image] as const]
      : []),
    ["MARATHON_APP_RESOURCE_CPUS", decimalText(definition.cpus)],
    ["MARATHON_APP_RESOURCE_MEM", decimalText(definition.mem)],
    ["MARATHON_APP_RESOURCE_DISK", decimalText(definition.disk)],
    ["MARATHON_APP_RESOURCE_GPUS", String(definition.gpus)],
    ...labelVariables(definition.labels ?? {}),
  ]);
  const userNames = new Set(users.map(({ name }) => name));
  return {
    fixed: [...fixed].flatMap(([name, value]) => (userNames.has(name) ? [] : [variable(name, value)])),
    users,
    userNames,
  };
}

/** Those that refer to secrets which nobody declared were refused. */
export function userVariables(
  environment: AppDefinition["env"] = {},
  secrets: AppDefinition["secrets"] = {},
): readonly EnvironmentVariable[] {
  return Object.entries(environment).map(([name, value]) =>
    typeof value === "string"
      ? variable(name, value)
      : secretVariable(name, secrets[value.secret]?.source ?? ""),
  );
}

/** Each name once. */
export function taskEnvironment(
  template: EnvironmentTemplate,
  place: TaskPlace,
  ports: readonly PlacedPort[],
): readonly EnvironmentVariable[] {
  const { prefix } = place;
  const variables = [...template.fixed];
  const { size } = template.userNames;
  const add = (name: string, value: string): void => {
    if (size === 0 || !template.userNames.has(name)) variables.push(variable(name, value));
  };
  add("MESOS_TASK_ID", place.taskId);
  add("MARATHON_APP_VERSION", place.version);
  add("MARATHON_APP_ENFORCE_GROUP_ROLE", place.isRoleEnforced ? "TRUE" : "FALSE");
  add(`${prefix}HOST`, place.host);
  if (ports.length > 0) for (const [name, value] of portVariables(ports)) add(prefix + name, value);
  for (const own of template.users) variables.push(own);
  return variables;
}

/** Those of the agent where there are such, and else those of the container. */
function portVariables(ports: readonly PlacedPort[]): Iterable<readonly [name: string, value: string]> {
  const variables: [name: string, value: string][] = [];
  const numbers = ports.map(({ hostPort, ownPort }) => String(hostPort ?? ownPort));
  const [first] = numbers;
  if (first === undefined) return variables;
  for (const [index, { declared }] of ports.entries()) {
    const { number, name } = declared;
    const text = numbers[index] ?? first;
    const byNumber = `PORT_${number === 0 ? text : number}`;
    const byName = name === undefined ? byNumber : `PORT_${name.toUpperCase()}`;
    variables.push([`PORT${index}`, text], [byNumber, text]);
    if (byName !== byNumber) variables.push([byName, text]);
  }
  variables.push(["PORT", first], ["PORTS", numbers.join(",")]);
  // Several may have one number or, in several networks, one name: the last of them is told.
  return ports.length === 1 ? variables : new Map(variables);
}
