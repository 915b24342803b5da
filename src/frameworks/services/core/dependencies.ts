/**
 * Who depends on whom once a change is made, groups included, as a graph that grows with apps plus groups.
 *
 * That every app below one group depends on every app below another would make edges by the product of both. So each
 * group has two nodes of its own: one that stands for all below it, which whoever depends on the group depends on,
 * and one that stands for what its apps inherit. They take no place in a chain. Source: contract marathon.md section 8.
 */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { AppTable } from "./app-table.ts";
import { type GroupTable, type GroupTerms, groupOf, groupsAbove, rootId } from "./group-table.ts";
import { type DependencyDepths, dependencyDepths } from "./plan.ts";

/** A change, looked at as if it had been made already. */
export interface Target {
  readonly apps: AppTable;
  readonly groups: GroupTable;
  /** Apps that are new or different. */
  readonly changed: ReadonlyMap<string, AppDefinition>;
  readonly removed: ReadonlySet<string>;
  /** Groups that are new or say something different. */
  readonly changedGroups: ReadonlyMap<string, GroupTerms>;
  readonly removedGroups: ReadonlySet<string>;
}

const belowPrefix = "below:";
const inheritedPrefix = "inherited:";

/** Depths of the changed apps, and a cycle if the change would close one. */
export function depthsIn(target: Target): DependencyDepths {
  const graph = new Graph(target);
  // Only through what depends on something can a change close a cycle.
  const roots = [
    ...[...target.changed.keys()].filter((appId) => graph.isDepending(appId)),
    ...[...target.changedGroups.values()]
      .filter(({ dependencies }) => dependencies.length > 0)
      .map(({ id }) => belowPrefix + id),
  ];
  if (roots.length === 0) return { depthOf: () => 0, cycle: undefined };
  const { depthOf, cycle } = dependencyDepths(roots, (node) => graph.edgesOf(node), isApp);
  return { depthOf, cycle: cycle?.filter(isApp) };
}

function isApp(node: string): boolean {
  return node.startsWith("/");
}

class Graph {
  readonly #target: Target;
  /** What the change puts into groups, by group. */
  readonly #newApps = new Map<string, string[]>();
  readonly #newGroups = new Map<string, Set<string>>();
  readonly #inherits = new Map<string, boolean>();

  constructor(target: Target) {
    this.#target = target;
    for (const appId of target.changed.keys()) {
      if (target.apps.get(appId) === undefined) this.#addApp(appId);
    }
    for (const groupId of target.changedGroups.keys()) this.#addGroup(groupId);
  }

  isDepending(appId: string): boolean {
    return (this.#appOf(appId)?.dependencies ?? []).length > 0 || this.#isInheriting(groupOf(appId));
  }

  edgesOf(node: string): readonly string[] {
    if (node.startsWith(belowPrefix)) return this.#below(node.slice(belowPrefix.length));
    if (node.startsWith(inheritedPrefix)) return this.#inherited(node.slice(inheritedPrefix.length));
    const own = (this.#appOf(node)?.dependencies ?? []).flatMap((path) => this.#nodesOf(path));
    const group = groupOf(node);
    return this.#isInheriting(group) ? [...own, inheritedPrefix + group] : own;
  }

  /** A path is an app, or a group, or unknown and ignored. */
  #nodesOf(path: string): readonly string[] {
    if (this.#appOf(path) !== undefined) return [path];
    return this.#isGroup(path) ? [belowPrefix + path] : [];
  }

  #below(groupId: string): readonly string[] {
    const { apps, groups } = this.#target.groups.get(groupId) ?? { apps: [], groups: [] };
    const { removed, removedGroups } = this.#target;
    return [
      ...[...apps].filter((appId) => !removed.has(appId)),
      ...(this.#newApps.get(groupId) ?? []),
      ...[...groups].filter((id) => !removedGroups.has(id)).map((id) => belowPrefix + id),
      ...[...(this.#newGroups.get(groupId) ?? [])].map((id) => belowPrefix + id),
    ];
  }

  #inherited(groupId: string): readonly string[] {
    const own = this.#termsOf(groupId).flatMap((path) => this.#nodesOf(path));
    return groupId === rootId ? own : [...own, inheritedPrefix + groupOf(groupId)];
  }

  #isInheriting(groupId: string): boolean {
    const known = this.#inherits.get(groupId);
    if (known !== undefined) return known;
    const is =
      this.#termsOf(groupId).length > 0 || (groupId !== rootId && this.#isInheriting(groupOf(groupId)));
    this.#inherits.set(groupId, is);
    return is;
  }

  #termsOf(groupId: string): readonly string[] {
    if (this.#target.removedGroups.has(groupId)) return [];
    const terms = this.#target.changedGroups.get(groupId) ?? this.#target.groups.get(groupId)?.terms;
    return terms?.dependencies ?? [];
  }

  #appOf(appId: string): AppDefinition | undefined {
    if (this.#target.removed.has(appId)) return undefined;
    return this.#target.changed.get(appId) ?? this.#target.apps.get(appId)?.definition;
  }

  #isGroup(path: string): boolean {
    if (this.#target.removedGroups.has(path)) return false;
    return path === rootId || this.#target.groups.has(path) || this.#isNewGroup(path);
  }

  #isNewGroup(path: string): boolean {
    return this.#newGroups.get(groupOf(path))?.has(path) === true;
  }

  #addApp(appId: string): void {
    const groupId = groupOf(appId);
    const apps = this.#newApps.get(groupId);
    if (apps === undefined) {
      this.#newApps.set(groupId, [appId]);
      this.#addGroup(groupId);
    } else apps.push(appId);
  }

  #addGroup(groupId: string): void {
    for (const path of [groupId, ...groupsAbove(groupId)]) {
      if (path === rootId || this.#target.groups.has(path) || this.#isNewGroup(path)) return;
      const parent = groupOf(path);
      const siblings = this.#newGroups.get(parent);
      if (siblings === undefined) this.#newGroups.set(parent, new Set([path]));
      else siblings.add(path);
    }
  }
}
