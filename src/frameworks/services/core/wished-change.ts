/**
 * What a person wishes for a set of services, and the state it was said about.
 *
 * A wish names whole definitions: what a definition does not say has its default. Only the number of instances stays as
 * it is when it is not said, since people and autoscalers change that without the file.
 */

import { formatInstant } from "#foundation/base/iso-time.ts";
import type { ChangeSet } from "./change-plan.ts";
import type { Refusal } from "./effects.ts";
import type { AppUpsert } from "./events.ts";
import type { GroupUpsert } from "./group-plan.ts";
import type { ServicesState } from "./state.ts";

export interface WishedChange {
  readonly upserts: readonly AppUpsert[];
  /** Services whose definition did not say how many. */
  readonly keepsInstances: ReadonlySet<string>;
  readonly groups: readonly GroupUpsert[];
  /** Ids to remove; one that is not there is removed already. */
  readonly removals: readonly string[];
  /** Services whose instances are replaced although nothing else changes. */
  readonly restarts?: readonly string[] | undefined;
  /** How many instances services shall have that otherwise stay as they are. */
  readonly instances?: ReadonlyMap<string, number> | undefined;
  /** Services below this group that nothing names are removed. */
  readonly pruneGroup?: string | undefined;
}

export function changeSetOf(state: ServicesState, wish: WishedChange): ChangeSet | Refusal {
  const named = new Set(wish.upserts.map(({ definition }) => definition.id));
  const removals = new Set(wish.removals.filter((id) => state.apps.get(id) !== undefined));
  if (wish.pruneGroup !== undefined) {
    for (const id of state.groups.appsBelow(wish.pruneGroup)) if (!named.has(id)) removals.add(id);
  }
  const upserts = wish.upserts.map((upsert): AppUpsert => {
    const before = state.apps.get(upsert.definition.id)?.definition;
    if (before === undefined || !wish.keepsInstances.has(upsert.definition.id)) return upsert;
    return { ...upsert, definition: { ...upsert.definition, instances: before.instances } };
  });
  const restarts = new Set(wish.restarts);
  for (const appId of new Set([...restarts, ...(wish.instances?.keys() ?? [])])) {
    if (named.has(appId)) continue;
    const before = state.apps.get(appId)?.definition;
    if (before === undefined) return { code: "AppUnknown", appId };
    const { version: _version, versionInfo: _versionInfo, ...definition } = before;
    const instances = wish.instances?.get(appId) ?? definition.instances;
    upserts.push({ definition: { ...definition, instances }, expect: "present" });
  }
  return { upserts, removals: [...removals], groups: wish.groups, restarts };
}

/**
 * Names the state a plan was made from: every service of it with its version, every group with what it says. Another plan of the same services has the
 * same name exactly as long as none of them moved. No secret hangs on it, so that a short hash will do.
 */
export function basisOf(state: ServicesState, change: ChangeSet): string {
  const ids = [
    ...new Set([...change.upserts.map(({ definition }) => definition.id), ...change.removals]),
  ].sort();
  const services = ids.map((id) => {
    const version = state.apps.get(id)?.versions.version;
    return `${id}@${version === undefined ? "-" : formatInstant(version)}`;
  });
  const groups = (change.groups ?? []).map(({ id }) => {
    const { dependencies = [], enforceRole = false } = state.groups.get(id)?.terms ?? {};
    return `${id}/@${enforceRole} ${dependencies.join(" ")}`;
  });
  const text = [...services, ...groups.sort()].join("\n");
  return `${ids.length}-${hash(text, 0x811c9dc5)}${hash(text, 0x01000193)}`;
}

/** FNV-1a, 32 bits, as hex. */
function hash(text: string, seed: number): string {
  let value = seed;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return (value >>> 0).toString(16).padStart(8, "0");
}
