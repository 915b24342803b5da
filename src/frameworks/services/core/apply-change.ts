/** Makes a wished change, or goes back to an earlier version: what a plan showed, unless something has moved since. */

import { formatInstant, parseInstant } from "#foundation/base/iso-time.ts";
import type { KnownNodes } from "#frameworks/base/core/known-nodes.ts";
import { changeApps } from "./app-changes.ts";
import { versionBefore } from "./app-history.ts";
import type { ChangeSet } from "./change-plan.ts";
import type { Refusal, RequestResult } from "./effects.ts";
import type { Origin } from "./origin.ts";
import { planView } from "./plan-view.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { basisOf, changeSetOf, type WishedChange } from "./wished-change.ts";

export interface Applied {
  readonly wish: WishedChange;
  readonly force: boolean;
  /** From a plan. */
  readonly basis?: string | undefined;
  readonly known?: KnownNodes | undefined;
  readonly origin?: Origin | undefined;
}

export function applyChange(turn: Turn, state: ServicesState, applied: Applied): RequestResult {
  const change = changeSetOf(state, applied.wish);
  if ("code" in change) return { kind: "refused", refusal: change };
  if (applied.basis !== undefined && applied.basis !== basisOf(state, change)) {
    return { kind: "refused", refusal: { code: "BasisMoved", basis: applied.basis } };
  }
  return makeChange(turn, state, change, applied);
}

export function makeChange(
  turn: Turn,
  state: ServicesState,
  change: ChangeSet,
  options: Pick<Applied, "force" | "known" | "origin">,
): RequestResult {
  const plan = planView(state, change, { now: turn.now, known: options.known });
  if ("code" in plan) return { kind: "refused", refusal: plan };
  if (plan.isEmpty) return { kind: "applied", plan };
  const result = changeApps(turn, state, { ...change, force: options.force, origin: options.origin });
  if (result.kind !== "deployed") return result;
  return { kind: "applied", plan, deploymentId: result.deploymentId, version: result.version };
}

export function rollBack(
  turn: Turn,
  state: ServicesState,
  wish: RolledBack & Pick<Applied, "force" | "known" | "origin">,
): RequestResult {
  const rollback = rollbackOf(state, wish);
  if ("code" in rollback) return { kind: "refused", refusal: rollback };
  return makeChange(turn, state, rollback.change, wish);
}

export interface RolledBack {
  readonly appId: string;
  /** ISO 8601; absent: the one before. */
  readonly version?: string | undefined;
  /** The number of instances comes back too. */
  readonly withInstances: boolean;
}

/** The change that brings an earlier version back, and which version that is. */
export function rollbackOf(
  state: ServicesState,
  wish: RolledBack,
): { readonly change: ChangeSet; readonly version: string } | Refusal {
  const app = state.apps.get(wish.appId);
  if (app === undefined) return { code: "AppUnknown", appId: wish.appId };
  const at = wish.version === undefined ? versionBefore(app, wish.withInstances) : parseInstant(wish.version);
  const earlier = at === undefined ? undefined : state.apps.versionOf(app, at)?.definition;
  if (at === undefined || earlier === undefined) {
    return { code: "VersionUnknown", appId: app.id, version: wish.version };
  }
  const { version: _version, versionInfo: _versionInfo, ...definition } = earlier;
  const instances = wish.withInstances ? definition.instances : app.definition.instances;
  return {
    version: formatInstant(at),
    change: { upserts: [{ definition: { ...definition, instances }, expect: "present" }], removals: [] },
  };
}
