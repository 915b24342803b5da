/** The environment of an app's task. Source: contract marathon.md section 9.2. */
import type { AppDefinition } from "../definitions/app.ts";

export interface TaskPlace {
  readonly taskId: string;
  readonly host: string;
  /** One per port definition, in their order. */
  readonly ports: readonly number[];
  /** ISO text of the definition's version. */
  readonly version: string;
  /** Prefix of HOST and the PORT variables. */
  readonly prefix: string;
}

/** Labels with longer names or values are left out of the environment. */
const labelNameMax = 493;
const labelValueMax = 512;

/** Later ones win: the user's own variables override everything. */
export function taskEnvironment(definition: AppDefinition, place: TaskPlace): ReadonlyMap<string, string> {
  const variables = new Map<string, string>([
    ["MESOS_TASK_ID", place.taskId],
    ["MARATHON_APP_ID", definition.id],
    ["MARATHON_APP_VERSION", place.version],
    ["MARATHON_APP_RESOURCE_CPUS", decimalText(definition.cpus)],
    ["MARATHON_APP_RESOURCE_MEM", decimalText(definition.mem)],
    ["MARATHON_APP_RESOURCE_DISK", decimalText(definition.disk)],
    ["MARATHON_APP_RESOURCE_GPUS", String(definition.gpus)],
    ["MARATHON_APP_ENFORCE_GROUP_ROLE", "FALSE"],
  ]);
  for (const [name, value] of labelVariables(definition.labels ?? {})) variables.set(name, value);
  variables.set(`${place.prefix}HOST`, place.host);
  for (const [name, value] of portVariables(definition, place.ports))
    variables.set(place.prefix + name, value);
  for (const [name, value] of Object.entries(definition.env ?? {})) {
    if (typeof value === "string") variables.set(name, value);
  }
  return variables;
}

function labelVariables(labels: { readonly [name: string]: string }): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  const names: string[] = [];
  for (const [name, value] of Object.entries(labels)) {
    if (name.length >= labelNameMax || value.length >= labelValueMax) continue;
    const sanitized = name.replace(/[^A-Za-z0-9_]+/g, "_").toUpperCase();
    names.push(sanitized);
    variables.set(`MARATHON_APP_LABEL_${sanitized}`, value);
  }
  variables.set("MARATHON_APP_LABELS", names.join(" "));
  return variables;
}

function portVariables(definition: AppDefinition, ports: readonly number[]): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  const [first] = ports;
  if (first === undefined) return variables;
  for (const [index, port] of ports.entries()) {
    const declared = definition.portDefinitions?.[index];
    const text = String(port);
    variables.set(`PORT${index}`, text);
    variables.set(`PORT_${declared === undefined || declared.port === 0 ? text : declared.port}`, text);
    if (declared?.name !== undefined) variables.set(`PORT_${declared.name.toUpperCase()}`, text);
  }
  variables.set("PORT", String(first));
  variables.set("PORTS", ports.join(","));
  return variables;
}

/** As the JVM writes doubles of everyday size: `1.0`, `0.25`. */
function decimalText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
