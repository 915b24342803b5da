/** Worlds in which services are stuck, and what the master says of its nodes there. */
import type { Offer, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { parsePod } from "#domain/definitions/index.ts";
import type { PersistentDisk } from "#domain/definitions/persistent.ts";
import { type Entry, parseResources } from "#domain/resources/index.ts";
import type { KnownNode, KnownNodes, RoleRoom } from "#frameworks/base/core/known-nodes.ts";
import { aStatus } from "#frameworks/base/core/testing/offers.ts";
import type { Explanation } from "../explain.ts";
import { anApp } from "./builders.ts";

import { World } from "./world.ts";

export function put(world: World, ...definitions: readonly AppDefinition[]): void {
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: definitions.map((definition) => ({ definition, expect: "any" as const })),
    removals: [],
    force: true,
  }));
}

export function why(
  world: World,
  name = "/web",
  nodes?: readonly KnownNode[],
  more: Partial<KnownNodes> = {},
): Explanation {
  const known = nodes === undefined ? undefined : { at: world.now, nodes, ...more };
  const found = world.core.own.explain(name, { now: world.now, known, nodesMax: 10 });
  if (found === undefined) throw new Error(`nothing is called ${name}`);
  return found;
}

export function aNode(
  fields: Partial<RoleRoom> &
    Pick<KnownNode, "freePorts"> & { readonly id?: string; readonly isActive?: boolean } = {},
): KnownNode {
  const { id = "agent-1", isActive = true } = fields;
  const whole = { cpus: 8_000, mem: 8_192_000, disk: 10_000_000 };
  return {
    agent: { agentId: id, host: `${id}.example`, region: undefined, zone: undefined, attributes: [] },
    isActive,
    byRole: { "*": { total: fields.total ?? whole, free: fields.free ?? whole } },
    ...(fields.freePorts === undefined ? {} : { freePorts: fields.freePorts }),
  };
}

export function aPod(
  containers: readonly { readonly name: string; readonly cpus: number; readonly hostPort?: number }[],
): AppDefinition {
  const body = {
    id: "/web",
    containers: containers.map(({ name, cpus, hostPort }) => ({
      name,
      exec: { command: { shell: "serve" } },
      resources: { cpus, mem: 16 },
      ...(hostPort === undefined ? {} : { endpoints: [{ name: "http", hostPort }] }),
    })),
  };
  return parsePod(body, { defaultRole: "*" });
}

export const aResident = (persistent: PersistentDisk): AppDefinition =>
  anApp({
    container: { type: "MESOS", volumes: [{ containerPath: "data", mode: "RW", persistent }] },
    upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    unreachableStrategy: "disabled",
  });

export function aDisk(root: string, size: number): Entry {
  const [entry] = parseResources([
    {
      name: "disk",
      type: "SCALAR",
      scalar: { value: size },
      disk: { source: { type: "PATH", path: { root } } },
    },
  ]).entries;
  if (entry === undefined) throw new Error("a disk of nothing");
  return entry;
}

/** A core that is connected and wants a service, and the offers it gets. */
export function offered(definition: AppDefinition, ...offers: readonly Offer[]): World {
  const world = new World();
  world.apply({ kind: "subscribed", frameworkId: "framework-1" });
  put(world, definition);
  world.apply({ kind: "offersReceived", offers });
  return world;
}

/** One task of the service runs, then ends so. */
export function ended(state: TaskStatus["state"], fields: Partial<TaskStatus>): World {
  const world = World.started();
  put(world, anApp());
  world.settle();
  const [task] = [...world.master.tasks.values()];
  if (task === undefined) throw new Error("nothing was launched");
  world.apply({
    kind: "statusReceived",
    status: aStatus(task.id, state, { agent_id: { value: task.agentId }, ...fields }),
  });
  return world;
}
