/** What nodes have free while a plan is made: services that give up room come first, each that takes some leaves less. */
import type { App } from "./app-table.ts";
import type { Instance } from "./instance.ts";
import { type JudgedNode, judgeNode, type KnownNodes } from "./node-verdicts.ts";
import type { PlannedPlacement } from "./placement-plan.ts";
import { specOf } from "./probes.ts";
import { questionOf } from "./reasons-placing.ts";
import type { Spread } from "./spread.ts";
import type { ServicesState } from "./state.ts";

export class PlannedRoom {
  readonly #state: ServicesState;
  readonly #known: KnownNodes | undefined;
  /** By agent, in thousandths. */
  readonly #free = new Map<string, Record<string, number>>();
  /** Nothing before left the rest to chance, and nobody else waits for the same room. */
  #isCertain: boolean;

  constructor(state: ServicesState, known: KnownNodes | undefined) {
    this.#state = state;
    this.#known = known;
    this.#isCertain = !state.queue.hasWaiting;
    for (const { agent, free } of known?.nodes ?? []) this.#free.set(agent.agentId, { ...free });
  }

  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  /** What these instances hold is free once they are gone. */
  giveBack(appId: string, instances: readonly Instance[]): void {
    for (const instance of instances) {
      const free = this.#free.get(instance.agent?.agentId ?? "");
      const facts = specOf(this.#state, instance)?.facts ?? this.#state.apps.get(appId)?.facts;
      if (free === undefined || facts === undefined) continue;
      for (const { name, millis } of facts.scalars) free[name] = (free[name] ?? 0) + millis;
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
            free: this.#free.get(node.agent.agentId) ?? node.free,
            total: node.total,
            ports: undefined,
            isInMaintenance: false,
            at: this.#known?.at ?? 0,
          },
          question,
        ),
      );
  }

  /** Takes the room, and says how certain the places are in view of everything before. */
  take(app: App, placements: readonly PlannedPlacement[]): PlannedPlacement[] {
    for (const { agentId, count, certainty } of placements) {
      const free = this.#free.get(agentId);
      if (certainty === "likely" || app.definition.requirePorts) this.#isCertain = false;
      if (free === undefined) continue;
      for (const { name, millis } of app.facts.scalars) free[name] = (free[name] ?? 0) - millis * count;
    }
    const isCertain = this.#isCertain;
    return placements.map((placement) => (isCertain ? placement : { ...placement, certainty: "likely" }));
  }
}
