/** What a change makes of the tree of groups, and whether it may. Reads only; part of `planChange`. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { roleFault } from "#domain/definitions/roles.ts";
import type { AppUpsert } from "./events.ts";
import { newGroupsEnforce, rulesOfRoles } from "./framework-roles.ts";
import { emptyTerms, type GroupTerms, groupOf, groupsAbove, isTopLevel, rootId } from "./group-table.ts";
import type { ServicesPolicy } from "./policy.ts";
import type { ServicesState } from "./state.ts";

/** A group that shall be there; what it doesn't say stays as it is. */
export interface GroupUpsert {
  readonly id: string;
  readonly dependencies?: readonly string[];
  readonly enforceRole?: boolean;
}

export interface PlannedGroups {
  /** Groups that are new or say something different. */
  readonly puts: ReadonlyMap<string, GroupTerms>;
  readonly removals: ReadonlySet<string>;
  /** What both of these were before; undefined for a new one. */
  readonly originals: ReadonlyMap<string, GroupTerms | undefined>;
}

export interface GroupPart {
  readonly upserts: readonly AppUpsert[];
  readonly removals: readonly string[];
  readonly groups?: readonly GroupUpsert[];
  /** Each with all groups below it; their apps are in `removals`. */
  readonly groupRemovals?: readonly string[];
}

export function planGroups({ groups, policy }: ServicesState, change: GroupPart): PlannedGroups {
  const wanted = wantedGroups(change);
  const removals = new Set<string>();
  for (const groupId of change.groupRemovals ?? []) {
    for (const { id } of groups.treeOf(groupId)) if (id !== rootId && !wanted.has(id)) removals.add(id);
  }
  const puts = new Map<string, GroupTerms>();
  for (const upsert of change.groups ?? []) {
    const before = groups.get(upsert.id)?.terms;
    const terms = termsAfter(before ?? newTerms(policy, upsert.id), upsert);
    if (before === undefined || !isSameTerms(before, terms)) puts.set(upsert.id, terms);
  }
  for (const id of wanted) if (!groups.has(id) && !puts.has(id)) puts.set(id, newTerms(policy, id));
  const originals = new Map<string, GroupTerms | undefined>();
  for (const id of [...puts.keys(), ...removals]) originals.set(id, groups.get(id)?.terms);
  return { puts, removals, originals };
}

/** Groups that have to be there for what the change puts, the way up to the root included. */
function wantedGroups(change: GroupPart): ReadonlySet<string> {
  const wanted = new Set<string>([rootId]);
  const want = (groupId: string): void => {
    for (const path of [groupId, ...groupsAbove(groupId)]) {
      if (wanted.has(path)) return;
      wanted.add(path);
    }
  };
  for (const { id } of change.groups ?? []) want(id);
  for (const { definition } of change.upserts) want(groupOf(definition.id));
  return wanted;
}

/** Of a group that is not there yet, as far as nobody says more. */
function newTerms(policy: Pick<ServicesPolicy, "newGroupEnforceRole">, groupId: string): GroupTerms {
  return { ...emptyTerms(groupId), enforceRole: isTopLevel(groupId) && newGroupsEnforce(policy) };
}

function termsAfter({ id, dependencies, enforceRole }: GroupTerms, upsert: GroupUpsert): GroupTerms {
  return {
    id,
    dependencies: upsert.dependencies ?? dependencies,
    enforceRole: upsert.enforceRole ?? enforceRole,
  };
}

function isSameTerms(one: GroupTerms, other: GroupTerms): boolean {
  return (
    one.enforceRole === other.enforceRole &&
    one.dependencies.length === other.dependencies.length &&
    one.dependencies.every((path, index) => path === other.dependencies[index])
  );
}

/** What is wrong, by the path that errors are told under. */
export interface GroupProblem {
  readonly path: string;
  readonly error: string;
}

/** A path is an app or a group: nothing lies below an app, and no two things share an id. */
export function findClash(
  state: ServicesState,
  change: GroupPart,
  { puts, removals }: PlannedGroups,
): GroupProblem | undefined {
  for (const { definition } of change.upserts) {
    const before = state.apps.get(definition.id)?.definition;
    if (before !== undefined && (before.pod === undefined) !== (definition.pod === undefined))
      return { path: problemPath(definition), error: sameIdentifier(definition.id) };
  }
  const upserted = new Set(change.upserts.map(({ definition }) => definition.id));
  const removed = new Set(change.removals);
  const isApp = (path: string): boolean =>
    upserted.has(path) || (state.apps.get(path) !== undefined && !removed.has(path));
  const isGroup = (path: string): boolean =>
    puts.has(path) || (state.groups.has(path) && !removals.has(path));
  for (const { definition } of change.upserts) {
    const { id } = definition;
    for (const path of groupsAbove(id)) {
      if (isApp(path)) {
        return { path: problemPath(definition), error: `App with id ${id} lies below the app ${path}` };
      }
    }
    if (isGroup(id)) return { path: problemPath(definition), error: sameIdentifier(id) };
  }
  for (const id of puts.keys()) if (isApp(id)) return { path: `/groups/${id}`, error: sameIdentifier(id) };
  return undefined;
}

/** Where a root group's problems are told of one of its services. */
function problemPath({ id, pod }: AppDefinition): string {
  return `/${pod === undefined ? "apps" : "pods"}/${id}`;
}

function sameIdentifier(id: string): string {
  return `Groups and Applications may not have the same identifier: ${id}`;
}

/** The role of a service must be one that its group allows, or the one that it has. */
export function roleProblem(
  state: ServicesState,
  { puts }: PlannedGroups,
  after: AppDefinition,
): GroupProblem | undefined {
  const fault = roleFault(after.id, after.role, rulesOfRoles(state, puts));
  return fault === undefined
    ? undefined
    : { path: problemPath(after), error: `role "${after.role}" ${fault}` };
}

/** The first part of a path; the root for an app that lies in the root. */
export function topGroupOf(path: string): string {
  const end = path.indexOf("/", 1);
  return end < 0 ? rootId : path.slice(0, end);
}

/** Whether the role may be enforced for a group at all. */
export function canEnforceRole(groupId: string): boolean {
  return isTopLevel(groupId);
}
