import type { Offer, SchedulerCall, SchedulerCallUpdateFramework } from "#contracts/kernel/messages.gen.ts";
import { parseResources, type Resources, roleOf } from "#domain/resources/index.ts";
import type { InstantMs, Outcome } from "#foundation/base/core.ts";
import type { MasterEffect } from "#kernel/master/core/effects.ts";
import type { MasterEvent } from "#kernel/master/core/events.ts";
import type { Tell } from "./sentences.ts";

interface Held {
  readonly frameworkId: string;
  readonly agentId: string;
  /** That it is offered to. */
  readonly role: string;
  readonly resources: Resources;
  readonly madeAt: InstantMs;
}

interface Refused extends Held {
  readonly until: InstantMs;
}

/** Source: Mesos, default of `Filters.refuse_seconds`. */
const defaultRefuseSeconds = 5;
const unreservedRole = "*";
/** Longer than it takes to find that a call was lost, and to make it again. */
const answeredWithinMs = 30_000;

interface Subscription {
  readonly roles: readonly string[];
  readonly takesRevocable: boolean;
  readonly suppressed: ReadonlySet<string>;
}

/**
 * Invariant 4, over one life of a master: what is reserved or lent goes to nobody else, what each offer holds and whether its framework refused that. A
 * refusal ends with its time, a REVIVE, an UPDATE_FRAMEWORK that ends a suppression, a new stream, or a new life of the agent; anything else that lets the
 * same resources through is a broken filter.
 */
export class OfferWatch {
  readonly #tell: Tell;
  /** What frameworks subscribed with, by their ids. */
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #offers = new Map<string, Held>();
  readonly #agentOf = new Map<string, string>();
  readonly #frameworkOf = new Map<string, string>();
  #subscribing: Subscription = { roles: [], takesRevocable: false, suppressed: new Set() };
  #refusals: Refused[] = [];

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  decided(event: MasterEvent | undefined, outcome: Outcome<MasterEffect>, now: InstantMs): void {
    if (event !== undefined) this.#heard(event, now);
    this.#refusals = this.#refusals.filter(({ until }) => until > now);
    for (const effect of outcome.effects) this.#does(effect, now);
  }

  /** What a framework was offered and has not answered for too long. */
  outWith(frameworkId: string | undefined, now: InstantMs): readonly string[] {
    return [...this.#offers].flatMap(([id, held]) =>
      held.frameworkId === frameworkId && now - held.madeAt > answeredWithinMs
        ? [`offer ${id} of ${held.agentId} is out with ${frameworkId} since ${held.madeAt}`]
        : [],
    );
  }

  #heard(event: MasterEvent, now: InstantMs): void {
    switch (event.kind) {
      case "schedulerSubscribed":
        this.#subscribing = {
          roles: event.subscribe.framework_info.roles ?? [],
          takesRevocable: (event.subscribe.framework_info.capabilities ?? []).some(
            ({ type }) => type === "REVOCABLE_RESOURCES",
          ),
          suppressed: new Set(event.subscribe.suppressed_roles),
        };
        return this.#forgetFramework(event.frameworkId ?? "");
      case "frameworkUpdateAsked":
        return this.#updated(event.frameworkId, event.update);
      case "schedulerDisconnected":
        return this.#forgetFramework(this.#frameworkOf.get(event.connection) ?? "");
      case "schedulerCalled":
        return this.#called(event.frameworkId, event.call, now);
      case "agentSaid":
        if (event.message.kind === "reregister" || event.message.kind === "register")
          this.#forgetAgent(event.message.info.id?.value ?? "");
        return;
      case "maintenanceScheduleAsked":
        // What is known of agents changed: they are offered again, whatever was declined before.
        this.#refusals = [];
        return;
      case "agentDisconnected":
        return this.#forgetAgent(this.#agentOf.get(event.connection) ?? "");
      default:
        return;
    }
  }

  /** A role that it leaves takes its refusals with it, and so does one that is suppressed no longer. */
  #updated(frameworkId: string, update: SchedulerCallUpdateFramework): void {
    const roles = update.framework_info.roles ?? [];
    const before = this.#subscriptions.get(frameworkId);
    const suppressed = new Set(update.suppressed_roles);
    if (before !== undefined) this.#subscriptions.set(frameworkId, { ...before, roles, suppressed });
    const isKept = (role: string): boolean =>
      roles.includes(role) && (before?.suppressed.has(role) !== true || suppressed.has(role));
    this.#refusals = this.#refusals.filter(
      (refused) => refused.frameworkId !== frameworkId || isKept(refused.role),
    );
  }

  #suppress(frameworkId: string, isSuppressed: boolean, named: readonly string[]): void {
    const before = this.#subscriptions.get(frameworkId);
    if (before === undefined) return;
    const roles = named.length > 0 ? named : before.roles;
    const kept = [...before.suppressed].filter((role) => !roles.includes(role));
    const suppressed = new Set(isSuppressed ? [...kept, ...roles] : kept);
    this.#subscriptions.set(frameworkId, { ...before, suppressed });
  }

  #called(
    frameworkId: string,
    { type, accept, decline, revive, suppress }: SchedulerCall,
    now: InstantMs,
  ): void {
    if (type === "SUPPRESS") return this.#suppress(frameworkId, true, suppress?.roles ?? []);
    if (type === "REVIVE") {
      const roles = revive?.roles ?? [];
      this.#suppress(frameworkId, false, roles);
      this.#refusals = this.#refusals.filter(
        (refused) =>
          refused.frameworkId !== frameworkId || (roles.length > 0 && !roles.includes(refused.role)),
      );
      return;
    }
    for (const { value } of accept?.offer_ids ?? []) this.#offers.delete(value);
    const seconds = decline?.filters?.refuse_seconds ?? defaultRefuseSeconds;
    for (const { value } of decline?.offer_ids ?? []) {
      const held = this.#offers.get(value);
      this.#offers.delete(value);
      if (held?.frameworkId === frameworkId && seconds > 0)
        this.#refusals.push({ ...held, until: now + seconds * 1_000 });
    }
  }

  #does(effect: MasterEffect, now: InstantMs): void {
    if (effect.kind === "sendToAgent") {
      const { message, connection } = effect;
      if (message.kind === "registered" || message.kind === "reregistered")
        this.#agentOf.set(connection, message.agentId);
      return;
    }
    if (effect.kind === "changed" && effect.change.kind === "agentRemoved")
      return this.#forgetAgent(effect.change.agentId);
    if (effect.kind !== "sendEvent") return;
    const { subscribed, rescind, offers } = effect.event;
    if (subscribed !== undefined) {
      const frameworkId = subscribed.framework_id.value;
      this.#frameworkOf.set(effect.connection, frameworkId);
      this.#subscriptions.set(frameworkId, this.#subscribing);
    }
    if (rescind !== undefined) this.#offers.delete(rescind.offer_id.value);
    for (const offer of offers?.offers ?? []) this.#offered(offer, now);
  }

  #offered(offer: Offer, now: InstantMs): void {
    const held: Held = {
      frameworkId: offer.framework_id.value,
      agentId: offer.agent_id.value,
      role: offer.allocation_info?.role ?? unreservedRole,
      resources: parseResources(offer.resources ?? []),
      madeAt: now,
    };
    this.#offers.set(offer.id.value, held);
    const { frameworkId, agentId, role: offeredTo, resources } = held;
    const { roles = [], takesRevocable = false } = this.#subscriptions.get(frameworkId) ?? {};
    for (const entry of resources.entries) {
      if (entry.revocable && !takesRevocable)
        this.#tell("offers", `${entry.key} of ${agentId} is only lent and was offered to ${frameworkId}`);
      const role = roleOf(entry);
      if (role !== unreservedRole && !roles.includes(role))
        this.#tell(
          "offers",
          `${entry.key} of ${agentId} is reserved for ${role} and was offered to ${roles.join()}`,
        );
    }
    const refused = this.#refusals.find(
      (refusal) =>
        refusal.frameworkId === frameworkId &&
        refusal.agentId === agentId &&
        refusal.role === offeredTo &&
        refusal.resources.contains(resources),
    );
    if (refused !== undefined)
      this.#tell(
        "offers",
        `${resources} of ${agentId} was offered to ${frameworkId}, which refused ${refused.resources} until ${refused.until}`,
      );
  }

  #forgetFramework(frameworkId: string): void {
    this.#refusals = this.#refusals.filter((refused) => refused.frameworkId !== frameworkId);
    for (const [id, held] of this.#offers) if (held.frameworkId === frameworkId) this.#offers.delete(id);
  }

  #forgetAgent(agentId: string): void {
    this.#refusals = this.#refusals.filter((refused) => refused.agentId !== agentId);
    for (const [id, held] of this.#offers) if (held.agentId === agentId) this.#offers.delete(id);
  }
}
