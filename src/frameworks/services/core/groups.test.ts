import { describe, expect, it } from "vitest";
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { GroupTree } from "#domain/definitions/group.ts";
import { parseInstant } from "#foundation/base/iso-time.ts";
import type { RequestResult } from "./effects.ts";
import type { GroupChange } from "./group-changes.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";
import type { GroupThenView, GroupView } from "./views.ts";

const small = (id: string, fields: Partial<AppDefinition> = {}): AppDefinition =>
  anApp({ id, cpus: 0.1, mem: 16, instances: 1, ...fields });

function put(
  world: World,
  groupId: string,
  change: GroupChange,
  options: { readonly force?: boolean; readonly isDryRun?: boolean } = {},
): RequestResult {
  const request = world.ask((number) => ({
    kind: "changeGroup",
    request: number,
    groupId,
    change,
    force: options.force ?? false,
    isDryRun: options.isDryRun ?? false,
  }));
  const result = world.replies.get(request);
  if (result === undefined) throw new Error("no answer");
  return result;
}

const define = (tree: GroupTree, expect: "absent" | "any" = "any"): GroupChange => ({
  kind: "define",
  tree,
  expect,
});
const deployed = (result: RequestResult) => {
  if (result.kind !== "deployed") throw new Error(JSON.stringify(result));
  return result;
};
/** Paths of all groups and apps, groups with a slash at their end. */
const treeOf = (group: GroupView | GroupThenView | undefined): readonly string[] =>
  group === undefined
    ? []
    : [
        ...(group.id === "/" ? [] : [`${group.id}/`]),
        ...group.apps().map((app) => ("definition" in app ? app.definition.id : app.id)),
        ...group.groups().flatMap(treeOf),
      ];
const root = (world: World) => treeOf(world.core.queries.group("/"));
const started = () => World.started({ agents: 3, cpusEach: 16 });
const settled = (world: World): World => {
  world.live(60_000);
  expect(world.problems()).toEqual([]);
  expect(world.core.queries.deployments()).toEqual([]);
  return world;
};

const shop: GroupTree = {
  id: "/shop",
  apps: [small("/shop/front", { instances: 2 })],
  groups: [{ id: "/shop/store", apps: [small("/shop/store/db"), small("/shop/store/cache")] }],
};

describe("groups", () => {
  it("are made with all that is in them, in one deployment", () => {
    const world = started();
    const { deploymentId } = deployed(put(world, "/shop", define(shop, "absent")));
    expect(world.core.queries.deployments().map(({ id }) => id)).toEqual([deploymentId]);
    settled(world);
    expect(root(world)).toEqual([
      "/shop/",
      "/shop/front",
      "/shop/store/",
      "/shop/store/db",
      "/shop/store/cache",
    ]);
    expect(world.ofType("group_change_success").map(({ groupId }) => groupId)).toEqual(["/shop"]);
    expect(put(world, "/shop", define(shop, "absent"))).toMatchObject({
      refusal: { code: "GroupExists", groupId: "/shop" },
    });
    expect(put(world, "/shop/front", define({ id: "/shop/front" }, "absent"))).toMatchObject({
      refusal: { code: "PathTaken", path: "/shop/front" },
    });
    expect(world.ofType("group_change_failed")).toHaveLength(2);
  });

  it("lists of a level are the whole of it; what a level doesn't list stays", () => {
    const world = started();
    put(world, "/shop", define(shop));
    settled(world);
    put(world, "/shop", define({ id: "/shop", apps: [small("/shop/other")] }));
    settled(world);
    expect(root(world)).toEqual([
      "/shop/",
      "/shop/other",
      "/shop/store/",
      "/shop/store/db",
      "/shop/store/cache",
    ]);
    put(world, "/shop", define({ id: "/shop", groups: [{ id: "/shop/new" }] }));
    settled(world);
    expect(root(world)).toEqual(["/shop/", "/shop/other", "/shop/new/"]);
    expect(world.core.queries.allTasks().map(({ appId }) => appId)).toEqual(["/shop/other"]);
  });

  it("stay when their last app goes, come with the first app below, and outlive the process", () => {
    const world = started();
    const ask = (upserts: readonly AppDefinition[], removals: readonly string[]) =>
      world.ask((request) => ({
        kind: "changeApps",
        request,
        upserts: upserts.map((definition) => ({ definition, expect: "any" as const })),
        removals,
        force: false,
      }));
    ask([small("/a/b/c")], []);
    settled(world);
    ask([], ["/a/b/c"]);
    settled(world);
    expect(root(world)).toEqual(["/a/", "/a/b/"]);
    world.crash();
    expect(root(settled(world))).toEqual(["/a/", "/a/b/"]);
    expect(world.replies.get(ask([small("/a/b")], []))).toMatchObject({ refusal: { code: "Invalid" } });
    expect(world.replies.get(ask([small("/a/b/c"), small("/a/b/c/d")], []))).toMatchObject({
      refusal: { code: "Invalid" },
    });
    expect(put(world, "/", { kind: "remove" })).toMatchObject({ kind: "deployed" });
    expect(root(settled(world))).toEqual([]);
  });

  it("that an earlier build kept no records of are found by their apps", () => {
    const world = started();
    put(world, "/shop", define(shop));
    settled(world);
    for (const key of [...world.store.keys()]) {
      if (key.startsWith("groups/") || key.startsWith("root-versions/")) world.store.delete(key);
    }
    world.crash();
    expect(root(settled(world))).toContain("/shop/store/");
    expect(world.core.queries.groupVersions("/shop/store")).toHaveLength(1);
    put(world, "/shop", { kind: "scale", factor: 2 });
    expect(world.core.queries.groupVersions("/shop/store")).toHaveLength(2);
  });

  it.each([
    [3, 1.5, 5],
    [10, 1.1, 11],
    [4, 0.5, 2],
    [3, 0, 0],
    [1, 0.1, 1],
  ])("scaled from %i by %d have %i instances", (instances, factor, expected) => {
    const world = started();
    put(world, "/g", define({ id: "/g", groups: [{ id: "/g/h", apps: [small("/g/h/a", { instances })] }] }));
    settled(world);
    put(world, "/g", { kind: "scale", factor });
    expect(settled(world).core.queries.app("/g/h/a")?.definition.instances).toBe(expected);
  });

  it.each([1e308, 1e12])("scaled by %d are refused before anything is made", (factor) => {
    const world = started();
    put(world, "/g", define({ id: "/g", apps: [small("/g/a", { instances: 2 })] }));
    settled(world);
    expect(put(world, "/g", { kind: "scale", factor })).toMatchObject({
      refusal: { code: "Invalid", details: [{ path: "/instances" }] },
    });
    expect(settled(world).core.queries.tasks("/g/a")).toHaveLength(2);
  });

  it("go back to an earlier version, with what was deleted since and without what came", () => {
    const world = started();
    const { version } = deployed(put(world, "/shop", define({ ...shop, dependencies: ["/nowhere"] })));
    settled(world);
    put(world, "/shop/store", { kind: "remove" });
    settled(world);
    put(
      world,
      "/shop",
      define({ id: "/shop", apps: [small("/shop/front", { cmd: "new" })], dependencies: [] }),
    );
    settled(world);
    put(world, "/shop/later", define({ id: "/shop/later", apps: [small("/shop/later/x")] }));
    settled(world);
    const versions = world.core.queries.groupVersions("/shop");
    expect(versions).toHaveLength(4);
    expect(versions?.at(-1)).toBe(version);
    expect(world.core.queries.groupVersions("/shop/later")).toHaveLength(1);
    expect(treeOf(world.core.queries.groupThen("/shop", version))).toEqual(
      expect.arrayContaining(["/shop/store/db", "/shop/store/cache", "/shop/front"]),
    );
    world.crash();
    put(world, "/shop", { kind: "restore", version: parseInstant(version) ?? 0 });
    settled(world);
    expect([...root(world)].sort()).toEqual(
      ["/shop/", "/shop/front", "/shop/store/", "/shop/store/cache", "/shop/store/db"].sort(),
    );
    expect(world.core.queries.group("/shop")?.dependencies).toEqual(["/nowhere"]);
    expect(world.core.queries.app("/shop/front")?.definition.cmd).toBe("serve");
    expect(put(world, "/shop", { kind: "restore", version: 1 })).toMatchObject({
      refusal: { code: "GroupVersionUnknown" },
    });
    expect(put(world, "/none", { kind: "restore", version: parseInstant(version) ?? 0 })).toMatchObject({
      refusal: { code: "GroupVersionUnknown" },
    });
  });

  it("are planned without being touched", () => {
    const world = started();
    const before = world.core.snapshot();
    const tree: GroupTree = {
      id: "/g",
      apps: [small("/g/b", { dependencies: ["/g/a"] }), small("/g/a")],
    };
    expect(put(world, "/g", define(tree), { isDryRun: true })).toEqual({
      kind: "planned",
      steps: [
        {
          actions: [
            { action: "StartApplication", app: "/g/b" },
            { action: "StartApplication", app: "/g/a" },
          ],
        },
        { actions: [{ action: "ScaleApplication", app: "/g/a" }] },
        { actions: [{ action: "ScaleApplication", app: "/g/b" }] },
      ],
    });
    expect(world.core.snapshot()).toEqual(before);
  });

  it("that a change leaves as they are make no version", () => {
    const world = started();
    const { version } = deployed(put(world, "/shop", define(shop)));
    settled(world);
    expect(deployed(put(world, "/shop", define(shop))).version).toBe(version);
    expect(world.core.queries.groupVersions("/shop")).toHaveLength(1);
  });

  it("made by a deployment go with its reversal, unless something else came into them", () => {
    const world = started();
    const first = deployed(
      put(world, "/new", define({ id: "/new/deep", apps: [small("/new/deep/x", { cpus: 99 })] })),
    );
    const second = deployed(
      put(world, "/kept", define({ id: "/kept", apps: [small("/kept/x", { cpus: 99 })] })),
    );
    put(world, "/kept", define({ id: "/kept/other" }));
    for (const { deploymentId } of [first, second]) {
      world.ask((request) => ({ kind: "cancelDeployment", request, deploymentId, force: false }));
    }
    expect(root(settled(world))).toEqual(["/kept/", "/kept/other/"]);
  });

  it("keep, in a reversal, what others changed meanwhile", () => {
    const world = started();
    put(world, "/g", define({ id: "/g", apps: [small("/g/a"), small("/g/b")], dependencies: ["/old"] }));
    settled(world);
    const { deploymentId } = deployed(
      put(
        world,
        "/g",
        define({ id: "/g", apps: [small("/g/a", { cpus: 99 }), small("/g/b")], dependencies: ["/mid"] }),
      ),
    );
    world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: small("/g/b", { instances: 3 }), expect: "present" }],
      removals: [],
      force: false,
    }));
    world.ask((request) => ({ kind: "cancelDeployment", request, deploymentId, force: false }));
    settled(world);
    expect(world.core.queries.app("/g/a")?.definition.cpus).toBe(0.1);
    expect(world.core.queries.app("/g/b")?.definition.instances).toBe(3);
    // Somebody changed something below the group since: what it says stays.
    expect(world.core.queries.group("/g")?.dependencies).toEqual(["/mid"]);
  });

  it("enforce a role that this framework has, refuse one that it hasn't, and tell it without a deployment", () => {
    const world = World.started({ policy: { role: "prod" } });
    const app = (id: string) => small(id, { role: "prod" });
    expect(
      put(world, "/dev", define({ id: "/dev", enforceRole: true, apps: [app("/dev/a")] })),
    ).toMatchObject({
      refusal: { code: "Invalid", details: [{ path: "/apps//dev/a" }] },
    });
    expect(
      put(world, "/prod", define({ id: "/prod", enforceRole: true, apps: [app("/prod/a")] })),
    ).toMatchObject({
      kind: "deployed",
    });
    expect(world.core.queries.group("/prod")?.enforceRole).toBe(true);
    expect(put(world, "/prod", define({ id: "/prod/sub", enforceRole: true }))).toMatchObject({
      refusal: { code: "Invalid" },
    });
    expect(
      put(world, "/prod", define({ id: "/prod", enforceRole: false, apps: [app("/prod/b")] })),
    ).toMatchObject({ refusal: { code: "Invalid" } });
    expect(
      put(world, "/prod", define({ id: "/prod", enforceRole: false, apps: [] })),
      "what ends is a change of services too",
    ).toMatchObject({ refusal: { code: "Invalid" } });
    const count = world.core.queries.deployments().length;
    world.ask((request) => ({ kind: "patchGroup", request, groupId: "/prod", enforceRole: false }));
    expect(world.core.queries.group("/prod")?.enforceRole).toBe(false);
    expect(world.core.queries.deployments()).toHaveLength(count);
  });
});

describe("dependencies", () => {
  const order = (world: World): readonly (readonly string[])[] =>
    (world.core.queries.deployments()[0]?.steps ?? []).map(({ actions }) =>
      actions.map(({ action, app }) => `${action} ${app}`),
    );

  it("of a group hold for all apps below it and on all apps below the other", () => {
    const world = started();
    put(
      world,
      "/",
      define({
        id: "/",
        groups: [
          {
            id: "/app",
            dependencies: ["/store"],
            groups: [{ id: "/app/in", apps: [small("/app/in/x"), small("/app/in/y")] }],
          },
          {
            id: "/store",
            apps: [small("/store/s")],
            groups: [{ id: "/store/t", apps: [small("/store/t/u")] }],
          },
        ],
      }),
    );
    expect(order(world).slice(1)).toEqual([
      ["ScaleApplication /store/s", "ScaleApplication /store/t/u"],
      ["ScaleApplication /app/in/x", "ScaleApplication /app/in/y"],
    ]);
    settled(world);
  });

  const cycles: { name: string; tree: GroupTree }[] = [
    { name: "an app on itself", tree: { id: "/", apps: [small("/a", { dependencies: ["/a"] })] } },
    {
      name: "two apps",
      tree: {
        id: "/",
        apps: [small("/a", { dependencies: ["/b"] }), small("/b", { dependencies: ["/a"] })],
      },
    },
    {
      name: "an app on the group it lies in",
      tree: { id: "/", groups: [{ id: "/g", apps: [small("/g/a", { dependencies: ["/g"] })] }] },
    },
    {
      name: "two groups",
      tree: {
        id: "/",
        groups: [
          { id: "/g", dependencies: ["/h"], apps: [small("/g/a")] },
          { id: "/h", dependencies: ["/g"], apps: [small("/h/a")] },
        ],
      },
    },
    {
      name: "a group through an app",
      tree: {
        id: "/",
        apps: [small("/x", { dependencies: ["/g"] })],
        groups: [{ id: "/g", dependencies: ["/x"], groups: [{ id: "/g/h", apps: [small("/g/h/a")] }] }],
      },
    },
  ];
  it.each(cycles)("in a circle are refused: $name", ({ tree }) => {
    const world = started();
    const result = put(world, "/", define(tree));
    expect(result).toMatchObject({ refusal: { code: "Invalid", details: [{ path: "/" }] } });
    expect(JSON.stringify(result)).toContain("cycle");
    expect(root(world)).toEqual([]);
  });

  it("that a new app below a group closes into a circle are refused", () => {
    const world = started();
    put(
      world,
      "/",
      define({
        id: "/",
        apps: [small("/x", { dependencies: ["/g"] })],
        groups: [{ id: "/g", dependencies: ["/nothing/yet"] }],
      }),
    );
    settled(world);
    expect(
      put(world, "/g", define({ id: "/g", apps: [small("/g/a", { dependencies: ["/x"] })] })),
    ).toMatchObject({ refusal: { code: "Invalid" } });
    expect(put(world, "/g", define({ id: "/g", apps: [small("/g/a")] }))).toMatchObject({ kind: "deployed" });
    expect(put(world, "/g", define({ id: "/g", dependencies: ["/x"] }), { force: true })).toMatchObject({
      refusal: { code: "Invalid" },
    });
  });

  it("on what isn't there count for nothing", () => {
    const world = started();
    put(world, "/", define({ id: "/", apps: [small("/a", { dependencies: ["/not/there"] })] }));
    settled(world);
    expect(world.core.queries.app("/a")?.tasksRunning).toBe(1);
  });
});

describe("a deployment of a group", () => {
  const storeys: GroupTree = {
    id: "/g",
    apps: [
      small("/g/top", { instances: 2, dependencies: ["/g/mid"] }),
      small("/g/base", { instances: 3 }),
      small("/g/mid", { instances: 2, dependencies: ["/g/base"] }),
    ],
  };
  /** One event, or, when nothing is on the way, some time in which tasks start and offers are made. */
  const step = (world: World): void => {
    if (world.deliver()) return;
    for (const task of [...world.master.tasks.values()]) world.master.startTask(task);
    world.master.retryUpdates();
    world.master.allocate();
    world.pass(50);
  };
  const times = (world: World, appId: string, name: "stagedAt" | "startedAt"): readonly number[] =>
    (world.core.queries.tasks(appId) ?? []).map((task) => parseInstant(task[name] ?? "") ?? Number.NaN);

  it.each(["between two steps", "between a step's writes and its effects"])(
    "keeps its order and ends when the process dies %s, wherever that is",
    (when) => {
      for (let death = 0; death < 60; death += 1) {
        const world = started();
        put(world, "/g", define(storeys));
        for (let count = 0; count < death; count += 1) step(world);
        if (when === "between two steps") world.crash();
        else world.losesNextEffects = true;
        settled(world);
        for (const [upper, lower] of [
          ["/g/mid", "/g/base"],
          ["/g/top", "/g/mid"],
        ] as const) {
          const begins = Math.min(...times(world, upper, "stagedAt"));
          expect({ death, upper, isAfter: begins >= Math.max(...times(world, lower, "startedAt")) }).toEqual({
            death,
            upper,
            isAfter: true,
          });
        }
        expect(world.core.queries.allTasks()).toHaveLength(7);
      }
    },
    60_000,
  );
});
