/** Numbers of the allocator and of operations on resources. Source: contract mesos.md section 3.8. */
import { Resources } from "#domain/resources/index.ts";
import { holdersOn, type MasterState, quotasOf } from "../core/index.ts";

export type Put = (name: string, value: number) => unknown;

export const resourceNames = ["cpus", "gpus", "mem", "disk"] as const;

export function addAllocator(put: Put, state: MasterState): void {
  put("allocator/mesos/allocation_runs", state.allocator.runs);
  put("allocator/mesos/offer_filters/active", state.allocator.activeFilters);
  const total = Resources.sum([...state.agents.values()].map((agent) => agent.total));
  const held = new Map<string, Resources[]>();
  const hold = (role: string, resources: Resources): void => {
    const sums = held.get(role) ?? [];
    if (sums.length === 0) held.set(role, sums);
    sums.push(resources);
  };
  for (const { roles } of state.frameworks.values()) for (const role of roles) hold(role, Resources.sum([]));
  for (const { role, resources } of state.offers.values()) hold(role, resources);
  for (const agent of state.agents.values())
    for (const { role, resources } of holdersOn(agent)) hold(role, resources);
  const sums = [...held].map(([role, parts]) => [role, Resources.sum(parts)] as const);
  const all = Resources.sum(sums.map(([, sum]) => sum));
  for (const name of resourceNames) {
    put(`allocator/mesos/resources/${name}/total`, total.scalarMillis(name) / 1000);
    put(`allocator/mesos/resources/${name}/offered_or_allocated`, all.scalarMillis(name) / 1000);
  }
  for (const [role, count] of state.allocator.filtersByRole())
    put(`allocator/mesos/offer_filters/roles/${encodeURIComponent(role)}/active`, count);
  addQuota(put, state);
  for (const [role, sum] of sums) {
    const shares = resourceNames.map((name) => {
      const whole = total.scalarMillis(name);
      return whole === 0 ? 0 : sum.scalarMillis(name) / whole;
    });
    put(`allocator/mesos/roles/${encodeURIComponent(role)}/shares/dominant`, Math.max(...shares));
  }
}

/** Of every role and quantity that has a guarantee or a limit. */
function addQuota(put: Put, state: MasterState): void {
  for (const { role, quota, consumed } of quotasOf(state)) {
    for (const name of new Set([...quota.guarantees.keys(), ...quota.limits.keys()])) {
      const prefix = `allocator/mesos/quota/roles/${encodeURIComponent(role)}/resources/${encodeURIComponent(name)}`;
      for (const [suffix, millis] of [
        ["guarantee", quota.guarantees.get(name)],
        ["limit", quota.limits.get(name)],
        ["offered_or_allocated", consumed.get(name) ?? 0],
      ] as const)
        if (millis !== undefined) put(`${prefix}/${suffix}`, millis / 1000);
    }
  }
}

const operationTypes = [
  "reserve",
  "unreserve",
  "create",
  "destroy",
  "grow_volume",
  "shrink_volume",
  "create_disk",
  "destroy_disk",
] as const;
/** Those that last, and those that are counted. */
const operationStates = [
  "pending",
  "recovering",
  "unreachable",
  "finished",
  "failed",
  "error",
  "dropped",
  "gone_by_operator",
] as const;

/** `total` and what is under way are of now, the others of all since this master leads. */
export function addOperations(put: Put, { operations }: MasterState): void {
  const counts = new Map<string, number>();
  const count = (type: string, state: string, by: number): void => {
    for (const key of [state, `${type}/${state}`]) counts.set(key, (counts.get(key) ?? 0) + by);
  };
  for (const { info, status } of operations.values()) {
    const type = (info.type ?? "UNKNOWN").toLowerCase();
    count(type, "total", 1);
    if (status.state === "OPERATION_PENDING") count(type, "pending", 1);
  }
  for (const [key, number] of operations.ended) {
    const [type = "", state = ""] = key.split(" ");
    count(type.toLowerCase(), state.slice("OPERATION_".length).toLowerCase(), number);
  }
  for (const prefix of ["", ...operationTypes.map((type) => `${type}/`)])
    for (const state of ["total", ...operationStates])
      put(`master/operations/${prefix}${state}`, counts.get(`${prefix}${state}`) ?? 0);
}
