/**
 * Operators who drain machines, set them aside, give them up, and take them down for maintenance, while everything
 * breaks; in the end they want every machine back in service.
 */
import type { MachineID } from "#contracts/kernel/messages.gen.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import type { AgentOrder, MasterEvent } from "#kernel/master/core/events.ts";
import { between, type SimNetwork, type World } from "../engine/index.ts";

/** What an operator asks the master; the request's number is the master's own. */
export type OperatorAsk = WithoutRequest<
  Extract<MasterEvent, { kind: "agentOrdered" | "maintenanceScheduleAsked" | "maintenanceAsked" }>
>;
type WithoutRequest<Event> = Event extends unknown ? Omit<Event, "request"> : never;

export interface OperatorRequest {
  readonly operator: OperatorAsk;
}

const actEveryMs = 4_000;
const mendEveryMs = 5_000;
const timeoutMs = 5_000;
const graceMaxMs = 8_000;

export class Operator {
  readonly #world: World;
  readonly #network: SimNetwork;
  readonly #random: Random;
  readonly #masterName: string;
  readonly #machines: readonly MachineID[];
  readonly #look: () => JsonValue | undefined;
  readonly #isRough: () => boolean;
  /** What the last schedule that was asked for had. */
  #scheduled: readonly MachineID[] = [];

  constructor(
    world: World,
    network: SimNetwork,
    options: {
      readonly masterName: string;
      readonly machines: readonly MachineID[];
      /** The master's snapshot now. */
      readonly look: () => JsonValue | undefined;
      readonly isRough: () => boolean;
    },
  ) {
    this.#world = world;
    this.#network = network;
    this.#random = world.fork("operator");
    this.#masterName = options.masterName;
    this.#machines = options.machines;
    this.#look = options.look;
    this.#isRough = options.isRough;
  }

  drive(): void {
    this.#world.schedule(between(this.#random, 1, actEveryMs * 2), () => {
      if (this.#isRough()) {
        this.#act();
        this.drive();
      } else this.#mend();
    });
  }

  missing(): readonly string[] {
    const snapshot = this.#look();
    if (snapshot === undefined) return ["the master is down"];
    const agents = listIn(snapshot, "agents");
    const down = listIn(snapshot, "down");
    return [
      ...agents
        .filter(({ standing }) => standing !== "inService")
        .map(({ id, standing }) => `agent ${String(id)} is ${String(standing)}`),
      ...(agents.length === this.#machines.length
        ? []
        : [`${agents.length} of ${this.#machines.length} machines are registered`]),
      ...(down.length === 0 ? [] : [`${down.length} machines are down for maintenance`]),
    ];
  }

  #act(): void {
    const snapshot = this.#look();
    if (snapshot === undefined) return;
    const agents = [
      ...listIn(snapshot, "agents").map(({ id }) => String(id)),
      ...namesIn(snapshot, "recovered"),
      ...namesIn(snapshot, "unreachable"),
    ];
    const agentId = agents[this.#random.below(Math.max(1, agents.length))];
    const machine = this.#machines[this.#random.below(this.#machines.length)];
    if (agentId === undefined || machine === undefined) return;
    const kind = this.#random.below(12);
    if (kind < 4) return this.#order(agentId, { kind: "drain", drain: this.#drain() });
    if (kind < 6) return this.#order(agentId, { kind: "deactivate" });
    if (kind < 8) return this.#order(agentId, { kind: "reactivate" });
    if (kind < 9) return this.#order(agentId, { kind: "markGone" });
    if (kind < 10) return this.#plan(machine);
    const machines = this.#scheduled.slice(0, 1);
    return this.#ask({ kind: "maintenanceAsked", isDown: kind === 10, machines });
  }

  #drain(): Extract<AgentOrder, { kind: "drain" }>["drain"] {
    const markGone = this.#random.below(5) === 0;
    return this.#random.below(2) === 0
      ? { markGone }
      : { markGone, maxGraceMs: this.#random.below(graceMaxMs) };
  }

  #plan(machine: MachineID): void {
    this.#scheduled = [machine];
    const nanoseconds = (this.#world.now + between(this.#random, 1, 60_000)) * 1_000_000;
    const windows = [{ machine_ids: [machine], unavailability: { start: { nanoseconds } } }];
    this.#ask({ kind: "maintenanceScheduleAsked", schedule: { windows } });
  }

  /** Everything comes back. */
  #mend(): void {
    const snapshot = this.#look();
    if (snapshot !== undefined) {
      const down = this.#machines.filter(({ hostname = "", ip = "" }) =>
        namesIn(snapshot, "down").includes(`${hostname} ${ip}`),
      );
      if (down.length > 0) this.#ask({ kind: "maintenanceAsked", isDown: false, machines: down });
      else this.#ask({ kind: "maintenanceScheduleAsked", schedule: {} });
      for (const { id, standing } of listIn(snapshot, "agents"))
        if (standing !== "inService") this.#order(String(id), { kind: "reactivate" });
    }
    this.#world.schedule(mendEveryMs, () => this.#mend());
  }

  #order(agentId: string, order: AgentOrder): void {
    this.#ask({ kind: "agentOrdered", agentId, order });
  }

  #ask(ask: OperatorAsk): void {
    this.#world.trace.add(this.#world.elapsedMs, "operator", "asks", ask);
    const request: OperatorRequest = { operator: ask };
    const options = { timeoutMs, isCallerUp: () => true };
    this.#network.call("operator", this.#masterName, request, options, (result) =>
      this.#world.trace.add(this.#world.elapsedMs, "operator", "hears", result),
    );
  }
}

function listIn(snapshot: JsonValue, name: string): readonly JsonObject[] {
  const list = isJsonObject(snapshot) ? snapshot[name] : undefined;
  return Array.isArray(list) ? (list as readonly JsonValue[]).filter(isJsonObject) : [];
}

function namesIn(snapshot: JsonValue, name: string): readonly string[] {
  const list = isJsonObject(snapshot) ? snapshot[name] : undefined;
  return Array.isArray(list) ? (list as readonly JsonValue[]).map(String) : [];
}
