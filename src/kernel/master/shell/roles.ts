/** Roles as the operator API and `/roles` show them: everything that somebody subscribed to, weighed, reserved for or gave quota. */
import type { Role } from "#contracts/kernel/messages.gen.ts";
import { Resources, roleOf } from "#domain/resources/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { holdersOn, type MasterState, type Quantities } from "../core/index.ts";

export interface RoleSums {
  readonly name: string;
  readonly weight: number;
  readonly frameworks: readonly string[];
  readonly allocated: Resources;
  readonly offered: Resources;
  readonly reserved: Resources;
  readonly guarantees: Quantities;
  readonly limits: Quantities;
  /** Of a top-level role with all below it: what counts under quota. */
  readonly consumed: Quantities;
}

/** All roles by name, in one pass over what there is. */
export function roleSums(state: MasterState): readonly RoleSums[] {
  const frameworks = new Map<string, string[]>([["*", []]]);
  for (const role of [...state.weights.keys(), ...state.quotas.keys()]) frameworks.set(role, []);
  for (const framework of state.frameworks.values()) {
    for (const role of framework.roles) frameworks.set(role, [...(frameworks.get(role) ?? []), framework.id]);
  }
  const allocated = new SumsByRole();
  const offered = new SumsByRole();
  const reserved = new SumsByRole();
  for (const framework of state.frameworks.values())
    for (const { role, resources } of holdersOn(framework)) allocated.add(role, resources);
  for (const offer of state.offers.values()) offered.add(offer.role, offer.resources);
  for (const { total } of state.agents.values()) {
    for (const entry of total.entries)
      if (entry.reservations.length > 0) reserved.add(roleOf(entry), Resources.of([entry]));
  }
  const names = new Set([
    ...frameworks.keys(),
    ...allocated.roles(),
    ...offered.roles(),
    ...reserved.roles(),
  ]);
  return [...names].sort().map((name) => {
    const quota = state.quotas.get(name);
    return {
      name,
      weight: state.weights.get(name) ?? 1,
      frameworks: frameworks.get(name) ?? [],
      allocated: allocated.of(name),
      offered: offered.of(name),
      reserved: reserved.of(name),
      guarantees: quota?.guarantees ?? new Map(),
      limits: quota?.limits ?? new Map(),
      consumed: state.allocator.quota.consumedBy(name),
    };
  });
}

class SumsByRole {
  readonly #parts = new Map<string, Resources[]>();

  add(role: string, resources: Resources): void {
    const parts = this.#parts.get(role);
    if (parts === undefined) this.#parts.set(role, [resources]);
    else parts.push(resources);
  }

  of(role: string): Resources {
    return Resources.sum(this.#parts.get(role) ?? []);
  }

  roles(): Iterable<string> {
    return this.#parts.keys();
  }
}

export const numbersOf = (quantities: Quantities): Record<string, number> =>
  Object.fromEntries([...quantities].map(([name, millis]) => [name, millis / 1000]));

/** Source: contract mesos.md section 3.5, `/roles`. */
export function rolesJson(state: MasterState): JsonObject {
  return {
    roles: roleSums(state).map(({ name, weight, frameworks, allocated, offered, reserved, ...quota }) => ({
      name,
      weight,
      frameworks,
      resources: allocated.plus(offered).toSummary(),
      allocated: allocated.toSummary(),
      offered: offered.toSummary(),
      reserved: reserved.toSummary(),
      quota: {
        role: name,
        guarantee: numbersOf(quota.guarantees),
        limit: numbersOf(quota.limits),
        consumed: numbersOf(quota.consumed),
      },
    })),
  };
}

/** Source: contract mesos.md section 3.2, GET_ROLES. */
export function roleMessages(state: MasterState): readonly Role[] {
  return roleSums(state).map(({ name, weight, frameworks, allocated, offered }) => {
    const resources = allocated.plus(offered);
    return {
      name,
      weight,
      ...(frameworks.length === 0 ? {} : { frameworks: frameworks.map((value) => ({ value })) }),
      ...(resources.isEmpty ? {} : { resources: resources.toWire({ allocationRole: name }) }),
    };
  });
}
