/** What nodes have free while a plan is made: services that give up room come first, each that takes some leaves less. */

import type { Spread } from "#domain/placement/spread.ts";
import {
  type KnownNode,
  type KnownNodes,
  type RoleRoom,
  roomOfRoles,
  setAsideAt,
} from "#frameworks/base/core/known-nodes.ts";
import type { App } from "./app-table.ts";
import type { Instance } from "./instance.ts";
import { fixedPortsOf, type JudgedNode, judgeNode } from "./node-verdicts.ts";
import type { PlannedPlacement } from "./placement-plan.ts";

import { specOf } from "./probes.ts";
import { questionOf } from "./reasons-placing.ts";
import type { ServicesState } from "./state.ts";

export class PlannedRoom {
  readonly #state: ServicesState;
  readonly #known: KnownNodes | undefined;
  /** By agent, in thousandths: what this change has given back so far, less what it has taken. */
  readonly #change = new Map<string, Record<string, number>>();
  /** Nothing before left the rest to chance, and nobody else waits for the same room. */
  #isCertain: boolean;

  constructor(state: ServicesState, known: KnownNodes | undefined) {
    this.#state = state;
    this.#known = known;
    this.#isCertain = !state.queue.hasWaiting;
  }

  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  /** Nodes that take nothing new, by an operator's word. */
  get setAside(): number {
    const { drainingMs } = this.#state.policy;
    const now = this.#known?.at ?? 0;
    const apart = (this.#known?.nodes ?? []).filter(
      (node) => setAsideAt(node, { now, drainingMs }) !== undefined,
    );
    return apart.length + (this.#known?.downHosts?.length ?? 0);
  }

  /** What these instances hold is free once they are gone. */
  giveBack(appId: string, instances: readonly Instance[]): void {
    for (const instance of instances) {
      const facts = specOf(this.#state, instance)?.facts ?? this.#state.apps.get(appId)?.facts;
      if (instance.agent !== undefined && facts !== undefined) this.#add(instance.agent.agentId, facts, 1);
    }
  }

  nodesFor(app: App, spreadOf: (field: string) => Spread): readonly JudgedNode[] {
    const question = {
      ...questionOf(this.#state, app),
      populationOf: (field: string) => ({ instances: app.definition.instances, spread: spreadOf(field) }),
    };
    return (this.#known?.nodes ?? [])
      .filter(({ isActive }) => isActive)
      .map((node) =>
        judgeNode(
          {
            agent: node.agent,
            ...this.#roomOf(node, question.acceptedRoles),
            disks: node.freeDisks,
            ports: undefined,
            setAside: setAsideAt(node, { now: this.#known?.at ?? 0, drainingMs: question.drainingMs }),
            at: this.#known?.at ?? 0,
          },
          question,
        ),
      );
  }

  /** Takes the room, and says how certain the places are in view of everything before. */
  take(app: App, placements: readonly PlannedPlacement[]): PlannedPlacement[] {
    for (const { agentId, count, certainty } of placements) {
      if (certainty === "likely" || fixedPortsOf(app).length > 0 || app.facts.disks.length > 0)
        this.#isCertain = false;
      this.#add(agentId, app.facts, -count);
    }
    const isCertain = this.#isCertain;
    return placements.map((placement) => (isCertain ? placement : { ...placement, certainty: "likely" }));
  }

  #add(agentId: string, { scalars }: Pick<App["facts"], "scalars">, count: number): void {
    const change = this.#change.get(agentId) ?? {};
    for (const { name, millis } of scalars) change[name] = (change[name] ?? 0) + millis * count;
    this.#change.set(agentId, change);
  }

  #roomOf(node: KnownNode, roles: ReadonlySet<string>): RoleRoom {
    const { total, free } = roomOfRoles(node, roles);
    const change = this.#change.get(node.agent.agentId) ?? {};
    const changed = Object.entries(total).map(([name, all]) => {
      const millis = (free[name] ?? 0) + (change[name] ?? 0);
      return [name, Math.min(all, Math.max(0, millis))] as const;
    });
    return { total, free: Object.fromEntries(changed) };
  }
}
