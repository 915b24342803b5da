/**
 * What is left of instances that are gone: reservations and volumes that wait until they are offered, since only an offer
 * allows to destroy them and give them back.
 *
 * Each is a record, made in the step that forgets the instance, so that no crash leaves anything behind for ever. It ends
 * when the agent says that all was unreserved, when the agent is gone by an operator's word, or when what is
 * offered of the agent no longer has it. Until then offers are asked for: for a while, and then again every hour, as
 * the agent may be away; after a week the matter is closed, and what turns up later goes whenever it is seen.
 * Source: contract marathon.md section 14; mesos.md section 1.5, operation ids. ADR 189.
 */
import type { OfferOperation, OperationStatus, Resource } from "#contracts/kernel/messages.gen.ts";
import { instanceLabel } from "#domain/placement/offered-resources.ts";
import { type Entry, parseResources, Resources, remade } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { FrameworkCall } from "#frameworks/base/core/framework-call.ts";
import { RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { isActive } from "./conditions.ts";
import type { RoleUse } from "./framework-roles.ts";
import type { Instance } from "./instance.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export const releasePrefix = "releases/";
export const frameworkLabel = "marathon_framework_id";

/** So long offers are asked for at a time. */
const awaitMs = 600_000;
/** And so often, while the agent stays away. */
const askAgainMs = 3_600_000;
const closedAfterMs = 7 * 24 * 3_600_000;
/** Before what was not done is tried again; doubled each time, up to the time for which offers are declined. */
const retryMs = 1_000;

type Left = Pick<Release, "instanceId" | "agentId" | "role">;

export interface Release {
  readonly instanceId: string;
  readonly agentId: string;
  readonly role: string;
  /** When the instance left it; of two of one key the later is the one that counts. */
  readonly since: InstantMs;
  /** When this process learnt of it, or asked last for it to be done. */
  changedAt: InstantMs;
  /** Times that it was asked for. */
  attempts: number;
  /** The operation whose end was not told yet. */
  operationId: string | undefined;
  /** The master wants no ids on operations. */
  isUnnamed: boolean;
}

const keyOf = ({ instanceId, agentId, role }: Left): string =>
  `${instanceId}@${agentId}@${encodeURIComponent(role)}`;
const timerKey = (key: string): string => `release/${key}`;

export class ReleaseTable {
  readonly #byKey = new Map<string, Release>();
  readonly #byAgent = new Map<string, Set<Release>>();
  /** Until when offers are asked for, by role. */
  readonly #awaited = new Map<string, { count: number; until: InstantMs }>();
  readonly #roles: RoleUse;

  /** Counts who needs which role. */
  constructor(roles: RoleUse) {
    this.#roles = roles;
  }

  get(key: string): Release | undefined {
    return this.#byKey.get(key);
  }

  all(): readonly Release[] {
    return [...this.#byKey.values()];
  }

  /** Of one agent, in one role. */
  on(agentId: string, role: string): readonly Release[] {
    const here = this.#byAgent.get(agentId);
    return here === undefined ? [] : [...here].filter((release) => release.role === role);
  }

  add(release: Release): void {
    this.#byKey.set(keyOf(release), release);
    const here = this.#byAgent.get(release.agentId);
    if (here === undefined) this.#byAgent.set(release.agentId, new Set([release]));
    else here.add(release);
    this.#roles.add(release.role);
    const awaited = this.#awaited.get(release.role);
    if (awaited === undefined) this.#awaited.set(release.role, { count: 1, until: 0 });
    else awaited.count += 1;
  }

  delete(release: Release): void {
    if (!this.#byKey.delete(keyOf(release))) return;
    const here = this.#byAgent.get(release.agentId);
    here?.delete(release);
    if (here?.size === 0) this.#byAgent.delete(release.agentId);
    this.#roles.remove(release.role);
    const awaited = this.#awaited.get(release.role);
    if (awaited === undefined) return;
    awaited.count -= 1;
    if (awaited.count === 0) this.#awaited.delete(release.role);
  }

  awaitOffers(role: string, until: InstantMs): void {
    const awaited = this.#awaited.get(role);
    if (awaited !== undefined) awaited.until = Math.max(awaited.until, until);
  }

  /** Roles in which offers are wanted for what is left. */
  *awaitedRoles(now: InstantMs): IterableIterator<string> {
    for (const [role, { until }] of this.#awaited) if (now < until) yield role;
  }

  /** Takes in a record. Throws RecordInvalid. */
  restore(key: string, value: JsonValue): void {
    const record = new RecordReader(key, value);
    this.add({
      instanceId: record.text("instanceId"),
      agentId: record.text("agentId"),
      role: record.text("role"),
      since: record.number("since"),
      ...untried,
    });
  }

  snapshot(): JsonValue {
    return this.all().map((release) => [keyOf(release), release.since, release.attempts]);
  }

  check(): readonly string[] {
    const counted = new Map<string, number>();
    for (const { role } of this.#byKey.values()) counted.set(role, (counted.get(role) ?? 0) + 1);
    const isSame =
      counted.size === this.#awaited.size &&
      [...counted].every(([role, count]) => this.#awaited.get(role)?.count === count);
    return isSame ? [] : ["releases are miscounted by role"];
  }
}

const untried = { changedAt: 0, attempts: 0, operationId: undefined, isUnnamed: false };

/** The instance is gone, or elsewhere now: its resources are given back. */
export function noteRelease(turn: Turn, state: ServicesState, instance: Instance): void {
  const { id: instanceId, role, reservation, agent } = instance;
  if (reservation === undefined || agent === undefined) return;
  const left = { instanceId, agentId: agent.agentId, role };
  const earlier = state.releases.get(keyOf(left));
  // What was asked for before says nothing of what was left now.
  if (earlier !== undefined) end(turn, state, earlier);
  note(turn, state, left, Math.max(turn.now, (earlier?.since ?? 0) + 1));
}

function note(turn: Turn, state: ServicesState, left: Left, since: InstantMs): Release {
  const { instanceId, agentId, role } = left;
  const release: Release = { instanceId, agentId, role, since, ...untried };
  state.releases.add(release);
  turn.put(releasePrefix + keyOf(release), { format: recordFormat, instanceId, agentId, role, since });
  awaitOffers(turn, state, release);
  return release;
}

/** What an earlier process left: offers are asked for anew. */
export function resumeReleases(turn: Turn, state: ServicesState): void {
  for (const release of state.releases.all()) awaitOffers(turn, state, release);
}

function awaitOffers(turn: Turn, state: ServicesState, release: Release): void {
  release.changedAt = turn.now;
  state.releases.awaitOffers(release.role, turn.now + awaitMs);
  state.interest.wantOffers(release.role);
  armTimer(state, release, turn.now + askAgainMs);
}

function armTimer({ timers }: ServicesState, release: Release, at: InstantMs): void {
  const key = keyOf(release);
  timers.set(timerKey(key), at, { kind: "release", key });
}

/** It is not over yet. */
export function releaseDue(turn: Turn, state: ServicesState, key: string): void {
  const release = state.releases.get(key);
  if (release === undefined) return;
  if (turn.now - release.since >= closedAfterMs) return end(turn, state, release);
  state.releases.awaitOffers(release.role, turn.now + awaitMs);
  state.interest.wantOffers(release.role);
  armTimer(state, release, turn.now + askAgainMs);
  askAfter(turn, state, [release]);
}

/** A new stream: what was told meanwhile is asked for. */
export function releasesOnConnect(turn: Turn, state: ServicesState): void {
  askAfter(turn, state, state.releases.all());
}

/** The master knows how an operation stands, and of an agent whether it is gone for ever. */
function askAfter(turn: Turn, { connection }: ServicesState, releases: readonly Release[]): void {
  if (releases.length === 0 || !connection.isConnected) return;
  const operations = releases.map((release) => ({
    operation_id: { value: release.operationId ?? operationIdOf(release, "0") },
    agent_id: { value: release.agentId },
  }));
  turn.call({ type: "RECONCILE_OPERATIONS", reconcile_operations: { operations } });
}

/** Nobody knows whether the master heard of it. */
export function releaseCallFailed(state: ServicesState, { accept }: FrameworkCall): void {
  for (const { id } of accept?.operations ?? []) {
    const release = releaseOfOperation(state, id?.value ?? "");
    if (release?.operationId === id?.value && release !== undefined) release.operationId = undefined;
  }
}

const operationIdOf = (release: Release, attempt: string): string =>
  `release.${release.since}.${attempt}.${keyOf(release)}`;

function releaseOfOperation({ releases }: ServicesState, id: string): Release | undefined {
  const [, since, key = ""] = /^release\.([0-9]+)\.[0-9a-f-]+\.(.+)$/.exec(id) ?? [];
  const release = releases.get(key);
  return release?.since === Number(since) ? release : undefined;
}

/** Operations that destroy and give back what is ours in an offer and no instance's. */
export function releaseIn(
  turn: Turn,
  state: ServicesState,
  offer: { readonly agentId: string; readonly role: string; readonly left: Resources },
): readonly OfferOperation[] {
  const { agentId, role } = offer;
  const idle = idleIn(state, agentId, offer.left);
  for (const release of state.releases.on(agentId, role))
    if (!idle.has(release.instanceId) && isOver(turn, state, release)) end(turn, state, release);
  const operations: OfferOperation[] = [];
  for (const [instanceId, entries] of idle) {
    const left = { instanceId, agentId, role };
    const release = state.releases.get(keyOf(left)) ?? note(turn, state, left, turn.now);
    if (turn.now < nextTryAt(state, release)) continue;
    release.attempts += 1;
    release.changedAt = turn.now;
    release.operationId = release.isUnnamed ? undefined : operationIdOf(release, state.random.uuid());
    state.releases.awaitOffers(role, turn.now + awaitMs);
    operations.push(...operationsFor(entries, release.operationId));
  }
  return operations;
}

/** So much later than the last change an offer without it says that it is gone, not that it was still on its way. */
const isOver = (turn: Turn, { policy }: ServicesState, release: Release): boolean =>
  release.operationId === undefined && turn.now - release.changedAt >= policy.declineMs;

function nextTryAt({ policy }: ServicesState, { attempts, changedAt }: Release): InstantMs {
  return attempts === 0 ? changedAt : changedAt + Math.min(retryMs * 2 ** (attempts - 1), policy.declineMs);
}

/** Volumes first: what is unreserved must be plain. The last of them stands for all. */
function operationsFor(entries: readonly Entry[], id: string | undefined): readonly OfferOperation[] {
  const volumes = entries.filter(({ disk }) => disk?.persistence !== undefined);
  const plain = entries.map((entry) =>
    entry.disk?.persistence === undefined ? entry : remade(entry, { disk: sourceOf(entry) }),
  );
  return [
    ...(volumes.length === 0
      ? []
      : [{ type: "DESTROY" as const, destroy: { volumes: wire(Resources.of(volumes)) } }]),
    {
      type: "UNRESERVE" as const,
      unreserve: { resources: wire(Resources.of(plain)) },
      ...(id === undefined ? {} : { id: { value: id } }),
    },
  ];
}

/** What is left of a disk when its volume is destroyed. */
const sourceOf = ({ disk }: Entry): Entry["disk"] =>
  disk?.source === undefined ? undefined : { source: disk.source };

/** Takes the end of an operation. One with a uuid is acknowledged, after what follows from it was written. */
export function takeOperationStatus(turn: Turn, state: ServicesState, status: OperationStatus): void {
  const id = status.operation_id?.value ?? "";
  const release = releaseOfOperation(state, id);
  if (release !== undefined) takeEnd(turn, state, release, { ...status, id });
  const { operation_id, agent_id, resource_provider_id, uuid } = status;
  if (operation_id === undefined || uuid === undefined) return;
  turn.call({
    type: "ACKNOWLEDGE_OPERATION_STATUS",
    acknowledge_operation_status: {
      operation_id,
      uuid: uuid.value,
      ...(agent_id === undefined ? {} : { agent_id }),
      ...(resource_provider_id === undefined ? {} : { resource_provider_id }),
    },
  });
}

function takeEnd(
  turn: Turn,
  state: ServicesState,
  release: Release,
  { id, state: told }: OperationStatus & { readonly id: string },
): void {
  switch (told) {
    case "OPERATION_FINISHED":
    case "OPERATION_GONE_BY_OPERATOR":
      return end(turn, state, release);
    case "OPERATION_UNKNOWN":
      // The master has nothing to say of it: what is offered will.
      if (id === release.operationId) release.operationId = undefined;
      return;
    case "OPERATION_FAILED":
    case "OPERATION_ERROR":
    case "OPERATION_DROPPED":
      if (told === "OPERATION_ERROR") release.isUnnamed = true;
      if (release.operationId !== undefined && id !== release.operationId) return;
      release.operationId = undefined;
      armTimer(state, release, Math.max(turn.now, nextTryAt(state, release)));
      return;
    default:
      return;
  }
}

function end(turn: Turn, state: ServicesState, release: Release): void {
  const key = keyOf(release);
  state.releases.delete(release);
  state.timers.cancel(timerKey(key));
  turn.delete(releasePrefix + key);
}

/** What carries our labels and no instance counts as its own, by instance. */
function idleIn(
  state: ServicesState,
  agentId: string,
  offered: Resources,
): ReadonlyMap<string, readonly Entry[]> {
  const labelled = new Map<string, Entry[]>();
  for (const entry of offered.entries) {
    if (labelOf(entry, frameworkLabel) !== state.connection.frameworkId) continue;
    const id = labelOf(entry, instanceLabel) ?? "";
    labelled.set(id, [...(labelled.get(id) ?? []), entry]);
  }
  const idle = new Map<string, readonly Entry[]>();
  for (const [id, entries] of labelled) {
    const rest = withoutOwn(state.instances.get(id), agentId, entries);
    if (rest.length > 0) idle.set(id, rest);
  }
  return idle;
}

/** A call that came late may have reserved for an instance more than it counts as its own, there or elsewhere. */
function withoutOwn(
  instance: Instance | undefined,
  agentId: string,
  entries: readonly Entry[],
): readonly Entry[] {
  if (instance?.reservation === undefined || instance.agent?.agentId !== agentId) return entries;
  const own = parseResources(instance.reservation.resources);
  const offered = Resources.of(entries);
  // While its task may run, nobody can tell what of the same kind is whose.
  if (!isActive(instance.condition) && offered.contains(own)) return offered.minus(own).entries;
  return entries.filter((entry) => !own.entries.some(({ key }) => key === entry.key));
}

function labelOf({ reservations }: Entry, name: string): string | undefined {
  return reservations.at(-1)?.labels?.labels?.find(({ key }) => key === name)?.value;
}

// The framework doesn't claim to know stacked reservations, so it speaks the older format.
const wire = (resources: Resources): readonly Resource[] => resources.toWire({ format: "old" });
