/**
 * From a change of a group to the change of apps and groups that it means.
 *
 * Source: contract marathon.md section 2.3, PUT and DELETE of groups.
 */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { GroupTree } from "#domain/definitions/group.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import { isSameConfiguration } from "./app-facts.ts";
import type { ChangeSet } from "./change-plan.ts";
import type { Refusal } from "./effects.ts";
import type { AppUpsert } from "./events.ts";
import { canEnforceRole, type GroupUpsert } from "./group-plan.ts";
import { type GroupTerms, groupOf, rootId } from "./group-table.ts";
import type { ServicesState } from "./state.ts";

export type GroupChange =
  /** The group shall be as the tree says; what a level doesn't list stays, what its list leaves out goes. */
  | { readonly kind: "define"; readonly tree: GroupTree; readonly expect: "absent" | "any" }
  /** Each app below gets so many times its instances, rounded up. */
  | { readonly kind: "scale"; readonly factor: number }
  /** The group as it was in an earlier version of the whole tree. */
  | { readonly kind: "restore"; readonly version: InstantMs }
  | { readonly kind: "remove" };

/** Reads only. */
export function changeSetOfGroup(
  state: ServicesState,
  groupId: string,
  change: GroupChange,
): ChangeSet | Refusal {
  switch (change.kind) {
    case "define":
      return defined(state, groupId, change);
    case "scale":
      return state.groups.has(groupId) ? scaled(state, groupId, change.factor) : unknown(groupId);
    case "restore":
      return restored(state, groupId, change.version);
    case "remove":
      return state.groups.has(groupId) ? removed(state, groupId) : unknown(groupId);
  }
}

function unknown(groupId: string): Refusal {
  return { code: "GroupUnknown", groupId };
}

function defined(
  state: ServicesState,
  groupId: string,
  { tree, expect }: Extract<GroupChange, { kind: "define" }>,
): ChangeSet | Refusal {
  if (expect === "absent") {
    if (state.groups.has(groupId)) return { code: "GroupExists", groupId };
    if (state.apps.get(groupId) !== undefined) return { code: "PathTaken", path: groupId };
  }
  const upserts: AppUpsert[] = [];
  const removals: string[] = [];
  const groups: GroupUpsert[] = [];
  const groupRemovals: string[] = [];
  for (const level of levelsOf(tree)) {
    const current = state.groups.get(level.id);
    const refusal = roleRefusal(state, level);
    if (refusal !== undefined) return refusal;
    groups.push({
      id: level.id,
      ...(level.dependencies === undefined ? {} : { dependencies: level.dependencies }),
      ...(level.enforceRole === undefined ? {} : { enforceRole: level.enforceRole }),
    });
    if (level.apps !== undefined) {
      const listed = new Set(level.apps.map(({ id }) => id));
      for (const definition of level.apps) upserts.push({ definition, expect: "any" });
      // A body says nothing of pods: those of a group that stays, stay.
      for (const appId of current?.apps ?? [])
        if (!listed.has(appId) && state.apps.get(appId)?.definition.pod === undefined) removals.push(appId);
    }
    if (level.groups !== undefined) {
      const listed = new Set(level.groups.map(({ id }) => id));
      for (const id of current?.groups ?? []) {
        if (listed.has(id)) continue;
        groupRemovals.push(id);
        removals.push(...state.groups.appsBelow(id));
      }
    }
  }
  return { upserts, removals, groups, groupRemovals, groupId };
}

function* levelsOf(tree: GroupTree): Generator<GroupTree> {
  yield tree;
  for (const group of tree.groups ?? []) yield* levelsOf(group);
}

/** Whose role it is can't change together with what runs in it. */
function roleRefusal(state: ServicesState, level: GroupTree): Refusal | undefined {
  const { id, enforceRole, apps } = level;
  if (enforceRole === undefined) return undefined;
  if (enforceRole && !canEnforceRole(id)) {
    return invalid(`/groups/${id}`, "enforceRole can only be set on a top-level group");
  }
  const current = state.groups.get(id)?.terms;
  if (current === undefined || current.enforceRole === enforceRole) return undefined;
  const isTouching = (definition: AppDefinition): boolean => {
    const before = state.apps.get(definition.id)?.definition;
    return (
      before === undefined ||
      before.instances !== definition.instances ||
      !isSameConfiguration(before, definition)
    );
  };
  const kept = new Set(apps?.map((app) => app.id));
  const isLeaving = (appId: string): boolean =>
    !kept.has(appId) && state.apps.get(appId)?.definition.pod === undefined;
  const leaves = apps !== undefined && [...(state.groups.get(id)?.apps ?? [])].some(isLeaving);
  return leaves || apps?.some(isTouching) === true
    ? invalid(`/groups/${id}`, "enforceRole can't change in a request that also changes services")
    : undefined;
}

function invalid(path: string, error: string): Refusal {
  return { code: "Invalid", details: [{ path, errors: [error] }] };
}

function scaled(state: ServicesState, groupId: string, factor: number): ChangeSet {
  const upserts: AppUpsert[] = [];
  for (const appId of state.groups.appsBelow(groupId)) {
    const definition = state.apps.get(appId)?.definition;
    if (definition === undefined || definition.pod !== undefined) continue;
    // The dust of binary fractions doesn't make another instance: 10 × 1.1 is 11.
    const instances = Math.ceil(Math.round(definition.instances * factor * 1_000_000) / 1_000_000);
    upserts.push({ definition: { ...definition, instances }, expect: "present" });
  }
  return { upserts, removals: [], groupId };
}

function removed(state: ServicesState, groupId: string): ChangeSet {
  return { upserts: [], removals: [...state.groups.appsBelow(groupId)], groupRemovals: [groupId], groupId };
}

/** Brings back definitions and groups; a role that is enforced by now stays so. */
function restored(state: ServicesState, groupId: string, version: InstantMs): ChangeSet | Refusal {
  const then = treeThen(state, groupId, version);
  if (then === undefined) {
    return { code: "GroupVersionUnknown", groupId, version: formatInstant(version) };
  }
  const removals = [...state.groups.appsBelow(groupId)].filter((appId) => !then.apps.has(appId));
  const groupRemovals = [...state.groups.treeOf(groupId)]
    .map(({ id }) => id)
    .filter((id) => !then.groups.has(id));
  return {
    upserts: [...then.apps.values()].map((definition) => ({
      definition: withoutVersions(definition),
      expect: "any" as const,
    })),
    removals,
    groups: [...then.groups.values()].map(({ id, dependencies }) => ({ id, dependencies })),
    groupRemovals,
    groupId,
  };
}

function withoutVersions(definition: AppDefinition): AppDefinition {
  const { version: _version, versionInfo: _versionInfo, ...rest } = definition;
  return rest;
}

export interface TreeThen {
  readonly apps: ReadonlyMap<string, AppDefinition>;
  /** From the top down. */
  readonly groups: ReadonlyMap<string, GroupTerms>;
}

/** A group with all below it as it was in a version of the tree; undefined when it wasn't there, or nobody knows. */
export function treeThen(state: ServicesState, groupId: string, version: InstantMs): TreeThen | undefined {
  const replaced = state.history.since(version, state.groups.root.version);
  if (replaced === undefined) return undefined;
  const apps = new Map<string, AppDefinition>();
  for (const appId of state.groups.appsBelow(groupId)) {
    const definition = replaced.apps.has(appId)
      ? replaced.apps.get(appId)
      : state.apps.get(appId)?.definition;
    if (definition !== undefined) apps.set(appId, definition);
  }
  for (const [appId, definition] of replaced.apps) {
    if (definition !== undefined && isWithin(appId, groupId)) apps.set(appId, definition);
  }
  const groups = new Map<string, GroupTerms>();
  for (const { id, terms } of state.groups.treeOf(groupId)) {
    const before = replaced.groups.has(id) ? replaced.groups.get(id) : terms;
    if (before !== undefined) groups.set(id, before);
  }
  for (const [id, terms] of replaced.groups) {
    if (terms !== undefined && isWithin(id, groupId)) groups.set(id, terms);
  }
  return groups.has(groupId) ? { apps, groups } : undefined;
}

function isWithin(path: string, groupId: string): boolean {
  return groupId === rootId || path === groupId || path.startsWith(`${groupId}/`);
}

/** Groups directly below each group of a tree that was. */
export function childrenThen({ groups }: TreeThen): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>();
  for (const id of groups.keys()) {
    if (id === rootId) continue;
    const siblings = children.get(groupOf(id));
    if (siblings === undefined) children.set(groupOf(id), [id]);
    else siblings.push(id);
  }
  return children;
}
