/** Valid wholes for tests; a test states only what differs. */
import type { Offer, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { defaultServicesPolicy, type ServicesPolicy } from "../policy.ts";

export function anApp(fields: Partial<AppDefinition> = {}): AppDefinition {
  return {
    id: "/web",
    cmd: "serve",
    env: {},
    instances: 1,
    cpus: 1,
    mem: 128,
    disk: 0,
    gpus: 0,
    executor: "",
    constraints: [],
    fetch: [],
    networks: [{ mode: "host" }],
    portDefinitions: [{ port: 0, protocol: "tcp", name: "default", labels: {} }],
    requirePorts: false,
    healthChecks: [],
    backoffSeconds: 1,
    backoffFactor: 1.15,
    maxLaunchDelaySeconds: 300,
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    dependencies: [],
    labels: {},
    killSelection: "YOUNGEST_FIRST",
    unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
    role: "*",
    ...fields,
  };
}

export function aPolicy(fields: Partial<ServicesPolicy> = {}): ServicesPolicy {
  return { ...defaultServicesPolicy, ...fields };
}

export interface OfferFields {
  readonly id?: string;
  readonly agentId?: string;
  readonly host?: string;
  readonly cpus?: number;
  readonly mem?: number;
  readonly disk?: number;
  readonly ports?: readonly (readonly [number, number])[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly role?: string;
}

export function anOffer(fields: OfferFields = {}): Offer {
  const agentId = fields.agentId ?? "agent-1";
  const scalar = (name: string, value: number) => ({
    name,
    type: "SCALAR" as const,
    scalar: { value },
    role: "*",
  });
  return {
    id: { value: fields.id ?? "offer-1" },
    framework_id: { value: "framework-1" },
    agent_id: { value: agentId },
    hostname: fields.host ?? `${agentId}.example`,
    allocation_info: { role: fields.role ?? "*" },
    resources: [
      scalar("cpus", fields.cpus ?? 8),
      scalar("mem", fields.mem ?? 8_192),
      scalar("disk", fields.disk ?? 10_000),
      {
        name: "ports",
        type: "RANGES" as const,
        role: "*",
        ranges: {
          range: (fields.ports ?? [[31_000, 32_000]]).map(([begin, end]) => ({ begin, end })),
        },
      },
    ].filter((resource) => !("scalar" in resource) || resource.scalar.value > 0),
    attributes: Object.entries(fields.attributes ?? {}).map(([name, value]) => ({
      name,
      type: "TEXT" as const,
      text: { value },
    })),
  };
}

export function aStatus(
  taskId: string,
  state: TaskStatus["state"],
  fields: Partial<TaskStatus> = {},
): TaskStatus {
  return {
    task_id: { value: taskId },
    state,
    agent_id: { value: "agent-1" },
    uuid: `uuid-${taskId}-${state}`,
    ...fields,
  };
}
