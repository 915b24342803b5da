/** What users wish for a whole group, and what a group of that wish looks like. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { GroupTree } from "#domain/definitions/group.ts";
import type { WishedChange } from "#frameworks/services/core/index.ts";

/** An app of a group; its id is absolute. */
export interface GroupedApp {
  readonly appId: string;
  readonly cmd: string;
  readonly instances: number;
  readonly volumeMib?: number;
  readonly volumeType?: "path" | "mount";
  readonly isChecked?: boolean;
  /** Has to say that it is ready, too. */
  readonly isAsked?: boolean;
  readonly dependencies?: readonly string[];
  readonly minimumHealthCapacity?: number;
  readonly maximumOverCapacity?: number;
  readonly label?: string;
  readonly labelsInPlace?: boolean;
  /** Default: that of services. */
  readonly role?: string;
  readonly killSelection?: AppDefinition["killSelection"];
  readonly cpus?: number;
}

/** A group as it shall be some time after the start: these apps and no others. */
export interface GroupWish {
  readonly atMs: number;
  readonly groupId: string;
  readonly apps: readonly GroupedApp[];
  /** Of the groups, by path. */
  readonly dependencies?: Readonly<Record<string, readonly string[]>>;
}

/** The wish as the API has it. */
export function treeOf(wish: GroupWish, definitionOf: (app: GroupedApp) => AppDefinition): GroupTree {
  const { apps, dependencies = {} } = wish;
  const level = (id: string): GroupTree => {
    const within = apps.filter(({ appId }) => appId.startsWith(`${id}/`));
    const names = new Set(
      within.flatMap(({ appId }) => {
        const [name = "", ...rest] = appId.slice(id.length + 1).split("/");
        return rest.length > 0 ? [name] : [];
      }),
    );
    return {
      id,
      apps: within.filter(({ appId }) => !appId.slice(id.length + 1).includes("/")).map(definitionOf),
      groups: [...names].map((name) => level(`${id}/${name}`)),
      dependencies: dependencies[id] ?? [],
    };
  };
  return level(wish.groupId);
}

/** The same as a change that is planned before it is made. */
export function changeOf(tree: GroupTree): WishedChange {
  const groups = flatten(tree);
  return {
    upserts: groups.flatMap(({ apps = [] }) => apps.map((definition) => ({ definition, expect: "any" }))),
    groups: groups.map(({ id, dependencies = [] }) => ({ id, dependencies })),
    removals: [],
    keepsInstances: new Set(),
    pruneGroup: tree.id,
  };
}

const flatten = (tree: GroupTree): readonly GroupTree[] => [tree, ...(tree.groups ?? []).flatMap(flatten)];
