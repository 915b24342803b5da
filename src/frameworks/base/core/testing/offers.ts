/** Valid offers and statuses for tests; a test states only what differs. */
import type { Offer, TaskStatus } from "#contracts/kernel/messages.gen.ts";

export interface OfferFields {
  readonly id?: string;
  readonly agentId?: string;
  readonly host?: string;
  readonly cpus?: number;
  readonly mem?: number;
  readonly disk?: number;
  readonly ports?: readonly (readonly [number, number])[];
  readonly attributes?: Readonly<Record<string, string>>;
  /** That it is made to. */
  readonly role?: string;
  /** That all of it is reserved for; `*`: for nobody. */
  readonly reservedFor?: string;
}

export function anOffer(fields: OfferFields = {}): Offer {
  const agentId = fields.agentId ?? "agent-1";
  const { reservedFor = "*" } = fields;
  const scalar = (name: string, value: number) => ({
    name,
    type: "SCALAR" as const,
    scalar: { value },
    role: reservedFor,
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
        role: reservedFor,
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
