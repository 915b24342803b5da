/** Groups as they are and as they were. Source: contract marathon.md section 2.3. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { podOf } from "#domain/definitions/pod.ts";
import { formatInstant, parseInstant } from "#foundation/base/iso-time.ts";
import { appView } from "./app-view.ts";
import { childrenThen, type TreeThen, treeThen } from "./group-changes.ts";
import { type Group, type GroupTerms, groupOf, isTopLevel } from "./group-table.ts";
import { podView } from "./pod-view.ts";
import type { ServicesState } from "./state.ts";
import type { AppView, GroupThenView, GroupView } from "./views.ts";

export function groupView(state: ServicesState, group: Group): GroupView {
  return {
    ...fieldsOf(group.terms, formatInstant(group.version)),
    apps: () => viewsOf(state, group.apps),
    pods: () =>
      [...group.apps].flatMap((id) => {
        const app = state.apps.get(id);
        return app === undefined ? [] : (podView(state, app) ?? []);
      }),
    groups: () =>
      [...group.groups].flatMap((id) => {
        const below = state.groups.get(id);
        return below === undefined ? [] : [groupView(state, below)];
      }),
  };
}

export function appsBelow(state: ServicesState, groupId: string): readonly AppView[] | undefined {
  return state.groups.has(groupId) ? viewsOf(state, state.groups.appsBelow(groupId)) : undefined;
}

function viewsOf(state: ServicesState, appIds: Iterable<string>): readonly AppView[] {
  const views: AppView[] = [];
  for (const id of appIds) {
    const app = state.apps.get(id);
    if (app !== undefined && app.definition.pod === undefined) views.push(appView(state, app));
  }
  return views;
}

export function groupVersions(state: ServicesState, groupId: string): readonly string[] | undefined {
  const isThere = state.groups.has(groupId);
  const versions = state.history.versionsOf(groupId, { isThere, current: state.groups.root.version });
  return versions.length === 0 && !isThere ? undefined : versions.map(formatInstant);
}

export function groupThen(state: ServicesState, groupId: string, version: string): GroupThenView | undefined {
  const at = parseInstant(version);
  const tree = at === undefined ? undefined : treeThen(state, groupId, at);
  return tree === undefined ? undefined : thenView(tree, groupId, version);
}

function thenView(tree: TreeThen, groupId: string, version: string): GroupThenView | undefined {
  const children = childrenThen(tree);
  const apps = new Map<string, AppDefinition[]>();
  for (const definition of tree.apps.values()) {
    const group = groupOf(definition.id);
    apps.set(group, [...(apps.get(group) ?? []), definition]);
  }
  const view = (id: string): GroupThenView | undefined => {
    const terms = tree.groups.get(id);
    if (terms === undefined) return undefined;
    return {
      ...fieldsOf(terms, version),
      apps: () => (apps.get(id) ?? []).filter(({ pod }) => pod === undefined),
      pods: () => (apps.get(id) ?? []).flatMap((definition) => podOf(definition) ?? []),
      groups: () => (children.get(id) ?? []).flatMap((below) => view(below) ?? []),
    };
  };
  return view(groupId);
}

function fieldsOf({ id, dependencies, enforceRole }: GroupTerms, version: string) {
  return { id, dependencies, version, ...(isTopLevel(id) ? { enforceRole } : {}) };
}
