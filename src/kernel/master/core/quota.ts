/**
 * Quota as operators set it: judged, written, and made true by taking offers back.
 *
 * A change is all or nothing. Guarantees that the cluster can't keep and limits below what is used are refused unless
 * forced. Source: contract mesos.md section 3.2, UPDATE_QUOTA, SET_QUOTA, REMOVE_QUOTA.
 */
import type { QuotaQuotaConfig, Resource, ValueScalar } from "#contracts/kernel/messages.gen.ts";
import { assertNever } from "#foundation/base/assert.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { type Quantities, type Quota, topRoleOf } from "../../allocator/index.ts";
import type { Reply, RoleQuota } from "./effects.ts";
import type { QuotaChange } from "./events.ts";
import { foreignRole, roleProblem } from "./framework-info.ts";
import { rescindOffer } from "./offers.ts";
import type { MasterPolicy } from "./policy.ts";
import type { OfferRecord } from "./records.ts";
import { deleteQuota, putQuota, type Registry } from "./registry.ts";
import type { MasterState, Turn } from "./state.ts";

type Quotas = ReadonlyMap<string, Quota>;

/** Roles with quota; one more is refused. */
const quotasMax = 10_000;
/** Quantities named by one guarantee or limit. */
const quantitiesMax = 100;
/** The largest scalar whose thousandths are exact. */
const scalarMax = Number.MAX_SAFE_INTEGER / 1000;

class QuotaRefused extends Error {
  override readonly name = "QuotaRefused";
  readonly reply: Reply;

  constructor(problem: string, cause?: Reply["cause"]) {
    super(problem);
    this.reply = { problem, ...(cause === undefined ? {} : { cause }) };
  }
}

/** Does what is asked, or answers why not. */
export function changeQuota(state: MasterState, turn: Turn, change: QuotaChange): Reply {
  try {
    const { quotas, force, conflict } = readChange(state, change);
    if (!force) {
      checkGuarantees(state, quotas, conflict);
      checkLimits(state, quotas);
    }
    for (const [role, quota] of quotas) setQuota(state, turn, role, quota);
    for (const role of quotas.keys()) rescindAboveLimit(state, turn, role);
    rescindForGuarantees(state, turn);
    return {};
  } catch (error) {
    if (!(error instanceof QuotaRefused)) throw error;
    return error.reply;
  }
}

/** Quota as the registry has it; offers wait until most of its agents are back, since they tell what roles consume. */
export function restoreQuota(state: MasterState, { quotas, agents }: Registry, startedAt: InstantMs): void {
  for (const [role, quota] of quotas) {
    state.quotas.set(role, quota);
    state.allocator.setQuota(role, quota, startedAt);
  }
  if (quotas.size === 0) return;
  const { allocatorAgentRecoveryFactor: factor, allocatorRecoveryTimeoutMs: timeoutMs } = state.policy;
  state.allocator.pause(Math.ceil(agents.size * factor), startedAt + timeoutMs);
}

export function quotasOf(state: MasterState): readonly RoleQuota[] {
  return [...state.quotas].map(([role, quota]) => ({
    role,
    quota,
    consumed: new Map(state.allocator.quota.consumedBy(role)),
  }));
}

function readChange(
  state: MasterState,
  change: QuotaChange,
): { readonly quotas: Quotas; readonly force: boolean; readonly conflict?: "conflict" } {
  switch (change.kind) {
    case "update":
      return { quotas: readConfigs(state, change.configs), force: change.force };
    case "set": {
      const { role, force = false, guarantee = [] } = change.request;
      if (role === undefined) throw new QuotaRefused("the quota request names no role");
      checkRole(role, state.policy);
      if (state.quotas.has(role))
        throw new QuotaRefused(`role ${role} has quota already; remove it first, or use UPDATE_QUOTA`);
      const quantities = readGuarantee(guarantee);
      const quota = { guarantees: quantities, limits: quantities };
      return { quotas: new Map([[role, quota]]), force, conflict: "conflict" };
    }
    case "remove": {
      if (!state.quotas.has(change.role))
        throw new QuotaRefused(`role ${change.role} has no quota to remove`, "notFound");
      return { quotas: new Map([[change.role, noQuota]]), force: true };
    }
    default:
      return assertNever(change);
  }
}

function readConfigs(state: MasterState, configs: readonly QuotaQuotaConfig[]): Quotas {
  const quotas = new Map<string, Quota>();
  for (const { role, guarantees = {}, limits = {} } of configs) {
    checkRole(role, state.policy);
    if (quotas.has(role)) throw new QuotaRefused(`quota_configs names role ${role} twice`);
    const quota = {
      guarantees: readScalars(guarantees, `guarantees of role ${role}`),
      limits: readScalars(limits, `limits of role ${role}`),
    };
    for (const [name, guaranteed] of quota.guarantees) {
      const limit = quota.limits.get(name);
      if (limit !== undefined && guaranteed > limit)
        throw new QuotaRefused(
          `role ${role}: the guarantee of ${amount(guaranteed)} ${name} is above the limit of ${amount(limit)}`,
        );
      if (guaranteed === 0) quota.guarantees.delete(name);
    }
    quotas.set(role, quota);
  }
  if (new Set([...state.quotas.keys(), ...quotas.keys()]).size > quotasMax)
    throw new QuotaRefused(`more than ${quotasMax} roles would have quota`);
  return quotas;
}

function checkRole(role: string, policy: MasterPolicy): void {
  const problem = roleProblem(role) ?? foreignRole(policy, [role]);
  if (problem !== undefined) throw new QuotaRefused(problem);
  if (role.includes("/"))
    throw new QuotaRefused(
      `role ${role} is below ${topRoleOf(role)}; quota is set on top-level roles and counts those below`,
    );
}

function readScalars(scalars: Readonly<Record<string, ValueScalar>>, where: string): Map<string, number> {
  const entries = Object.entries(scalars);
  if (entries.length > quantitiesMax)
    throw new QuotaRefused(`${where}: ${entries.length} quantities; at most ${quantitiesMax}`);
  return new Map(entries.map(([name, { value }]) => [name, readMillis(name, value, where)]));
}

function readMillis(name: string, value: number, where: string): number {
  if (name === "") throw new QuotaRefused(`${where}: a quantity has no name`);
  if (!(value >= 0 && value <= scalarMax))
    throw new QuotaRefused(`${where}: ${name} is ${value}; expecting a number of 0 or more`);
  return Math.round(value * 1000);
}

function readGuarantee(guarantee: readonly Resource[]): Quantities {
  if (guarantee.length === 0) throw new QuotaRefused("'guarantee' is empty; expecting at least one scalar");
  if (guarantee.length > quantitiesMax)
    throw new QuotaRefused(`'guarantee' has ${guarantee.length} resources; at most ${quantitiesMax}`);
  const millis = new Map<string, number>();
  for (const { name, type, scalar, role = "*", reservation, reservations, disk, revocable } of guarantee) {
    if (type !== "SCALAR" || scalar === undefined)
      throw new QuotaRefused(`'guarantee': ${name} is not a scalar; only scalars can be guaranteed`);
    if (role !== "*" || reservation !== undefined || (reservations ?? []).length > 0)
      throw new QuotaRefused(`'guarantee': ${name} is reserved; a guarantee is of no particular resources`);
    if (disk !== undefined || revocable !== undefined)
      throw new QuotaRefused(`'guarantee': ${name} may be neither a volume nor revocable`);
    if (millis.has(name)) throw new QuotaRefused(`'guarantee' names ${name} twice`);
    millis.set(name, readMillis(name, scalar.value, "'guarantee'"));
  }
  return millis;
}

const noQuota: Quota = { guarantees: new Map(), limits: new Map() };

function checkGuarantees(state: MasterState, changed: Quotas, cause: "conflict" | undefined): void {
  if ([...changed.values()].every(({ guarantees }) => guarantees.size === 0)) return;
  const sums = new Map<string, number>();
  for (const { guarantees } of new Map([...state.quotas, ...changed]).values()) {
    for (const [name, millis] of guarantees) sums.set(name, (sums.get(name) ?? 0) + millis);
  }
  for (const [name, millis] of sums) {
    const capacity = capacityOf(state, name);
    if (millis > capacity)
      throw new QuotaRefused(
        `all guarantees together are ${amount(millis)} ${name} and the cluster has ${amount(capacity)}; add agents, lower a guarantee, or force it`,
        cause,
      );
  }
}

/** Not revocable, of all registered agents. */
function capacityOf(state: MasterState, name: string): number {
  let sum = 0;
  for (const { total } of state.agents.values()) {
    for (const entry of total.entries) {
      if (entry.name === name && !entry.revocable && entry.amount.kind === "scalar")
        sum += entry.amount.millis;
    }
  }
  return sum;
}

function checkLimits(state: MasterState, changed: Quotas): void {
  for (const [role, { limits }] of changed) {
    for (const [name, limit] of limits) {
      const used = consumedOf(state, role, name) - offeredTo(state, role, name);
      if (used > limit)
        throw new QuotaRefused(
          `role ${role} uses ${amount(used)} ${name} already, above the limit of ${amount(limit)}; end some of it first, or force it`,
        );
    }
  }
}

const consumedOf = (state: MasterState, role: string, name: string): number =>
  state.allocator.quota.consumedBy(role).get(name) ?? 0;

function offeredTo(state: MasterState, role: string, name: string): number {
  let sum = 0;
  for (const offer of state.offers.values())
    if (topRoleOf(offer.role) === role) sum += ordinaryMillis(offer, name);
  return sum;
}

/** Neither reserved nor revocable. */
const ordinaryMillis = ({ resources }: OfferRecord, name: string): number =>
  resources
    .filter(({ reservations, revocable }) => reservations.length === 0 && !revocable)
    .scalarMillis(name);

function setQuota(state: MasterState, turn: Turn, role: string, quota: Quota): void {
  if (quota.guarantees.size === 0 && quota.limits.size === 0) {
    if (state.quotas.delete(role)) turn.write(deleteQuota(role));
  } else {
    state.quotas.set(role, quota);
    turn.write(putQuota(role, quota));
  }
  state.allocator.setQuota(role, quota, turn.now);
}

/** Offers count as consumed: what is offered above a new limit is taken back. */
function rescindAboveLimit(state: MasterState, turn: Turn, role: string): void {
  for (const [name, limit] of state.quotas.get(role)?.limits ?? []) {
    for (const offer of [...state.offers.values()]) {
      if (consumedOf(state, role, name) <= limit) break;
      if (topRoleOf(offer.role) === role && ordinaryMillis(offer, name) > 0) rescindOffer(state, turn, offer);
    }
  }
}

/** Where too little is free for what guarantees lack, offers of roles that have more than theirs are taken back. */
function rescindForGuarantees(state: MasterState, turn: Turn): void {
  const { quota } = state.allocator;
  for (const name of [...quota.lackNames()]) {
    for (const offer of [...state.offers.values()]) {
      if (quota.surplusOf(name) >= 0) break;
      const top = topRoleOf(offer.role);
      const guaranteed = state.quotas.get(top)?.guarantees.get(name) ?? 0;
      if (ordinaryMillis(offer, name) > 0 && consumedOf(state, top, name) > guaranteed)
        rescindOffer(state, turn, offer);
    }
  }
}

const amount = (millis: number): number => millis / 1000;
