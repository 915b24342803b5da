/** A world whose only agent is the test: what is there, and what calls made of it. */
import type { Offer, OfferOperation, OperationState, Resource } from "#contracts/kernel/messages.gen.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { conversionOf, converted, parseResources, type Resources } from "#domain/resources/index.ts";
import { anOffer, aStatus } from "#frameworks/base/core/testing/offers.ts";
import { anApp } from "./builders.ts";
import { World, type WorldOptions } from "./world.ts";

const resident = (fields: Partial<AppDefinition> = {}): AppDefinition =>
  anApp({
    id: "/db",
    cpus: 0.5,
    container: {
      type: "MESOS",
      volumes: [{ containerPath: "data", mode: "RW", persistent: { type: "root", size: 100 } }],
    },
    upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    unreachableStrategy: "disabled",
    ...fields,
  });

/** An operation that was asked for and whose end was not told. */
interface Asked {
  readonly operation: OfferOperation;
  readonly agentId: string;
}

export class ResidentAgent {
  readonly world: World;
  readonly role: string;
  /** Of its framework: an app of another says so. */
  readonly ownRole: string;
  /** What each agent has. */
  readonly totals = new Map<string, Resources>();
  /** With an id. */
  readonly asked: Asked[] = [];
  #offers = 0;

  constructor({
    role = "web",
    ownRole = role,
    ...policy
  }: { role?: string; ownRole?: string } & WorldOptions["policy"] = {}) {
    this.role = role;
    this.ownRole = ownRole;
    this.world = new World({ agents: 0, policy: { ...policy, role: ownRole } });
    this.world.master.connect();
    this.world.drain();
  }

  get total(): Resources {
    return this.of("agent-1");
  }

  set total(total: Resources) {
    this.totals.set("agent-1", total);
  }

  of(agentId: string): Resources {
    return this.totals.get(agentId) ?? parseResources(anOffer({}).resources ?? []);
  }

  put(fields: Partial<AppDefinition> = {}): void {
    this.world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: resident({ role: this.role, ...fields }), expect: "any" }],
      removals: [],
      force: true,
    }));
  }

  remove(appId = "/db"): void {
    this.world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [],
      removals: [appId],
      force: true,
    }));
  }

  /** Offers all that is there; answers the operations that came. `isLost`: they never reach the master. */
  offer({
    isLost = false,
    agentId = "agent-1",
    more = {},
  }: {
    readonly isLost?: boolean;
    readonly agentId?: string;
    readonly more?: Partial<Offer>;
  } = {}): readonly OfferOperation[] {
    const heard = this.world.master.calls.length;
    this.#offers += 1;
    const resources: readonly Resource[] = this.of(agentId).toWire({ format: "old" });
    this.world.apply({
      kind: "offersReceived",
      offers: [
        {
          ...anOffer({ id: `o-${this.#offers}`, agentId }),
          resources,
          allocation_info: { role: this.role },
          ...more,
        },
      ],
    });
    const operations = this.world.master.calls.slice(heard).flatMap(({ accept }) => accept?.operations ?? []);
    if (isLost) return operations;
    this.perform(operations, agentId);
    for (const operation of operations)
      if (operation.id !== undefined) this.asked.push({ operation, agentId });
    return operations;
  }

  perform(operations: readonly OfferOperation[], agentId = "agent-1"): void {
    for (const operation of operations)
      if (operation.launch === undefined)
        this.totals.set(agentId, converted(this.of(agentId), conversionOf(operation)) ?? this.of(agentId));
  }

  tell(taskId: string, state: Parameters<typeof aStatus>[1]): void {
    this.world.apply({ kind: "statusReceived", status: aStatus(taskId, state) });
  }

  /** Tells how an operation ended. */
  tellEnd({ operation: { id }, agentId }: Asked, state: OperationState): void {
    if (id === undefined) return;
    const status = { operation_id: id, agent_id: { value: agentId }, uuid: { value: "AAAA" }, state };
    this.world.apply({ kind: "operationStatusReceived", status });
  }

  /** Tells it of all that were asked for, once. */
  tellEnds(state: OperationState): void {
    for (const asked of this.asked.splice(0)) this.tellEnd(asked, state);
  }
}

export const kindsOf = (operations: readonly OfferOperation[]) => operations.map(({ type }) => type);
export const taskOf = (operations: readonly OfferOperation[]): string =>
  operations.flatMap(({ launch }) => launch?.task_infos ?? [])[0]?.task_id.value ?? "";
