/** What must always hold of the master's tables, and their whole content as JSON. */
import { Resources, roleOf } from "#domain/resources/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { topRoleOf } from "../../allocator/index.ts";
import { holdersOn, tasksHolding } from "./records.ts";
import type { MasterState } from "./state.ts";

/** Each broken invariant as a sentence. */
export function checkMaster(state: MasterState): readonly string[] {
  const broken = [...state.allocator.check()];
  for (const agent of state.agents.values()) {
    if (!state.agentPids.at(agent.pid).includes(agent.id))
      broken.push(`agent ${agent.id} is not found by its pid`);
    const used = Resources.sum([...holdersOn(agent)].map(({ resources }) => resources));
    for (const { frameworkId, info } of agent.executors.values())
      if (!state.frameworks.has(frameworkId))
        broken.push(`executor ${info.executor_id.value} on agent ${agent.id} is of no framework`);
    const offered = Resources.sum([...agent.offers.values()].map(({ resources }) => resources));
    const free = state.allocator.availableOn(agent.id);
    const left = agent.total.freeBeside(used.plus(offered));
    if (agent.total.freeBeside(used) !== undefined && left?.equals(free) !== true) {
      broken.push(
        `agent ${agent.id}: used ${used}, offered ${offered} and free ${free} are not its total ${agent.total}`,
      );
    }
    for (const { key, shared } of agent.total.volumes())
      if (!shared && tasksHolding(agent, key).length > 1) broken.push(`two tasks use volume ${key}`);
    for (const task of agent.tasks.values()) {
      if (state.frameworks.get(task.frameworkId)?.tasks.get(task.taskId) !== task)
        broken.push(`task ${task.taskId} is on agent ${agent.id} and not with its framework`);
    }
  }
  for (const offer of state.offers.values()) {
    const { resources, role } = offer;
    if (!resources.unreserved().plus(resources.reservedFor(role)).equals(resources))
      broken.push(`offer ${offer.id} for ${role} holds ${resources}, reserved for another role`);
    if (state.frameworks.get(offer.frameworkId)?.offers.get(offer.id) !== offer)
      broken.push(`offer ${offer.id} is of no framework`);
    if (state.agents.get(offer.agentId)?.offers.get(offer.id) !== offer)
      broken.push(`offer ${offer.id} is of no agent`);
    if (state.frameworks.get(offer.frameworkId)?.connection === undefined)
      broken.push(`offer ${offer.id} is held by a framework without a stream`);
  }
  for (const framework of state.frameworks.values()) {
    for (const taskId of framework.tasks.keys()) {
      if (framework.unreachableTasks.has(taskId)) broken.push(`task ${taskId} is live and unreachable`);
    }
  }
  for (const { id, standing, offers } of state.agents.values()) {
    if (standing.kind !== "inService" && offers.size > 0)
      broken.push(`agent ${id} is ${standing.kind} and offered`);
    if ((standing.kind === "draining") !== state.draining.has(id))
      broken.push(`agent ${id} is ${standing.kind}, and the list of those that drain says otherwise`);
  }
  for (const agentId of state.gone.keys()) {
    if (state.agents.has(agentId) || state.recovered.has(agentId) || state.unreachable.has(agentId))
      broken.push(`agent ${agentId} is gone for ever and known all the same`);
  }
  for (const agentId of state.agents.keys()) {
    if (state.unreachable.has(agentId)) broken.push(`agent ${agentId} is registered and unreachable`);
    if (state.recovered.has(agentId)) broken.push(`agent ${agentId} is registered and recovered`);
  }
  return broken;
}

export function snapshotMaster(state: MasterState): JsonValue {
  return {
    agents: [...state.agents.values()].map(
      ({ id, connection, standing, total, tasks, executors, offers }) => ({
        id,
        standing: standing.kind,
        connection: connection ?? null,
        total: String(total),
        tasks: [...tasks.values()].map(({ taskId, state: taskState }) => `${taskId} ${taskState}`),
        executors: [...executors.keys()],
        offers: [...offers.keys()],
      }),
    ),
    frameworks: [...state.frameworks.values()].map(({ id, roles, connection, tasks, unreachableTasks }) => ({
      roles,
      id,
      connection: connection ?? null,
      tasks: [...tasks.keys()],
      unreachable: [...unreachableTasks.values()].map(({ taskId }) => taskId),
    })),
    consumed: Object.fromEntries(
      [...consumedByRole(state)].map(([role, sums]) => [role, Object.fromEntries(sums)]),
    ),
    recovered: [...state.recovered.keys()],
    unreachable: [...state.unreachable.keys()],
    gone: [...state.gone.keys()],
    down: [...state.maintenance.down.keys()],
    operations: [...state.operations.values()].map(({ uuid, status }) => `${uuid} ${status.state}`),
    completed: [...state.completedFrameworks.values()].map(({ id }) => id),
  };
}

/** What counts under quota, in thousandths by top-level role: counted anew from what is held, offered and reserved. */
function consumedByRole(state: MasterState): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const consumed = new Map<string, Map<string, number>>();
  const add = (role: string, resources: Resources): void => {
    const top = topRoleOf(role);
    const sums = consumed.get(top) ?? new Map<string, number>();
    consumed.set(top, sums);
    for (const { name, amount, revocable } of resources.entries)
      if (amount.kind === "scalar" && !revocable) sums.set(name, (sums.get(name) ?? 0) + amount.millis);
  };
  for (const agent of state.agents.values()) {
    for (const { role, resources } of holdersOn(agent)) add(role, resources.unreserved());
    for (const { role, resources } of agent.offers.values()) add(role, resources.unreserved());
    for (const entry of agent.total.entries)
      if (entry.reservations.length > 0) add(roleOf(entry), Resources.of([entry]));
  }
  return consumed;
}
