/** What users of services wish for in the scenarios. */
import type { GroupWish } from "./group-wishes.ts";
import type { UserScript } from "./wishes.ts";

const web = (atMs: number, cmd: string, instances: number) => ({ atMs, appId: "/web", cmd, instances });

/** One app: created, changed, scaled, changed and scaled down. */
export const oneApp: UserScript = {
  wishes: [
    web(1_000, "serve one", 4),
    web(25_000, "serve two", 4),
    web(60_000, "serve two", 7),
    web(90_000, "serve three", 5),
  ],
};

/** Several apps at once: with checks that fail, kills by users, and one deleted while it is deployed. */
export const busyUsers: UserScript = {
  wishes: [
    ...oneApp.wishes,
    { atMs: 1_500, appId: "/checked", cmd: "check one", instances: 10, isChecked: true },
    {
      atMs: 35_000,
      appId: "/checked",
      cmd: "check two",
      instances: 10,
      isChecked: true,
      minimumHealthCapacity: 0.6,
      maximumOverCapacity: 0.2,
    },
    { atMs: 80_000, appId: "/checked", cmd: "check two", instances: 6, isChecked: true },
    { atMs: 2_000, appId: "/wide", cmd: "wide one", instances: 30 },
    {
      atMs: 30_000,
      appId: "/wide",
      cmd: "wide two",
      instances: 30,
      minimumHealthCapacity: 0.5,
      maximumOverCapacity: 0,
    },
    { atMs: 70_000, appId: "/wide", cmd: "wide two", instances: 12 },
    { atMs: 95_000, appId: "/wide", cmd: "wide two", instances: 40 },
    { atMs: 5_000, appId: "/gone", cmd: "short", instances: 12 },
    { atMs: 40_000, appId: "/gone", cmd: "shorter", instances: 12 },
    { atMs: 42_000, appId: "/gone" },
    { atMs: 50_000, appId: "/tight", cmd: "tight one", instances: 3, maximumOverCapacity: 0 },
    { atMs: 85_000, appId: "/tight", cmd: "tight two", instances: 3, maximumOverCapacity: 0 },
  ],
  kills: [
    { atMs: 20_000, appId: "/web", count: 2 },
    { atMs: 38_000, appId: "/wide", count: 5 },
    { atMs: 75_000, appId: "/checked", count: 3 },
    { atMs: 100_000, appId: "/wide", count: 3 },
  ],
  sickShare: 0.15,
};

const kept = (atMs: number, cmd: string, instances: number, more = {}) => ({
  atMs,
  appId: "/kept",
  cmd,
  instances,
  volumeMib: 50,
  volumeType: "mount" as const,
  minimumHealthCapacity: 0.5,
  maximumOverCapacity: 0,
  ...more,
});

/** Another label of it replaces nothing. */
const labelled = (label: string) => ({ label, labelsInPlace: true });

/**
 * An app with volumes beside one without: changed, scaled both ways, labelled in place, killed; another is deleted while it is
 * deployed. The first has whole disks, the second parts of one.
 */
export const appsWithVolumes: UserScript = {
  wishes: [
    ...oneApp.wishes,
    kept(1_500, "keep one", 4),
    kept(28_000, "keep two", 4),
    kept(50_000, "keep two", 2),
    kept(62_000, "keep two", 2, labelled("one")),
    kept(75_000, "keep two", 5, labelled("two")),
    kept(88_000, "keep two", 5, labelled("three")),
    kept(105_000, "keep three", 3, labelled("four")),
    { ...kept(5_000, "short", 3), appId: "/gone", volumeType: "path" },
    { atMs: 40_000, appId: "/gone" },
  ],
  kills: [
    { atMs: 20_000, appId: "/kept", count: 2 },
    { atMs: 85_000, appId: "/kept", count: 1 },
  ],
};

const inRole = (atMs: number, role: string, cmd: string, instances: number, more = {}) => ({
  atMs,
  appId: `/${role}/app`,
  role,
  cmd,
  instances,
  minimumHealthCapacity: 0.5,
  maximumOverCapacity: 0,
  ...more,
});

/**
 * Apps in the roles of their groups, one of them within a limit that its last number just fits; one moves from the role of
 * services to that of its group and back; one is deleted, and its role with it; one has volumes; two with volumes are
 * deleted, and Services dies before these are given back.
 */
export const manyRoles: UserScript = {
  wishes: [
    ...oneApp.wishes,
    inRole(1_500, "tight", "tight one", 6),
    inRole(40_000, "tight", "tight two", 6),
    inRole(80_000, "tight", "tight three", 4),
    inRole(2_000, "moved", "move one", 3, { role: "services" }),
    inRole(35_000, "moved", "move two", 3),
    inRole(70_000, "moved", "move two", 5),
    inRole(95_000, "moved", "move three", 4, { role: "services" }),
    inRole(3_000, "held", "hold one", 3, { volumeMib: 50 }),
    inRole(50_000, "held", "hold two", 4, { volumeMib: 50 }),
    inRole(5_000, "gone", "short", 4),
    { atMs: 60_000, appId: "/gone/app" },
    inRole(4_000, "spent", "spend one", 1, { volumeMib: 50 }),
    { atMs: 60_000, appId: "/spent/app" },
    inRole(30_000, "brief", "brief one", 2, { volumeMib: 50 }),
    { atMs: 98_000, appId: "/brief/app" },
  ],
  diesAtEndOf: ["/spent/app", "/brief/app"],
  kills: [
    { atMs: 20_000, appId: "/tight/app", count: 2 },
    { atMs: 65_000, appId: "/moved/app", count: 2 },
    { atMs: 85_000, appId: "/held/app", count: 1 },
  ],
};

const pod = (atMs: number, cmd: string, instances: number, more = {}) => ({
  atMs,
  appId: "/pods/pair",
  cmd,
  instances,
  containers: 2,
  ...more,
});

/** Pods beside apps: replaced, scaled, labelled in place, killed, and one deleted while it is deployed. */
export const podsAndApp: UserScript = {
  wishes: [
    ...oneApp.wishes,
    pod(1_500, "pair one", 4),
    pod(30_000, "pair two", 4, { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.5 }),
    pod(55_000, "pair two", 7),
    pod(72_000, "pair two", 7, labelled("one")),
    pod(82_000, "pair two", 7, labelled("two")),
    pod(97_000, "pair three", 3, labelled("three")),
    { ...web(3_000, "route one", 3), appId: "/routed", ...labelled("one") },
    { ...web(22_000, "route one", 3), appId: "/routed", ...labelled("two") },
    { ...web(38_000, "route one", 5), appId: "/routed", ...labelled("three") },
    { ...web(52_000, "route two", 5), appId: "/routed", ...labelled("four") },
    { ...web(68_000, "route two", 5), appId: "/routed", ...labelled("five") },
    // The wish for it goes together with the label: that replaces all.
    { ...web(86_000, "route two", 5), appId: "/routed", label: "six" },
    { atMs: 5_000, appId: "/pods/many", cmd: "many", instances: 2, containers: 4 },
    { atMs: 45_000, appId: "/pods/gone", cmd: "short", instances: 4, containers: 3 },
    { atMs: 47_000, appId: "/pods/gone", containers: 3 },
  ],
  kills: [
    { atMs: 20_000, appId: "/pods/pair", count: 2 },
    { atMs: 70_000, appId: "/pods/many", count: 1 },
    { atMs: 100_000, appId: "/pods/pair", count: 1 },
  ],
};

const stack = (
  atMs: number,
  cmd: string,
  counts: { readonly db: number; readonly cache: number; readonly api: number; readonly web: number },
): GroupWish => ({
  atMs,
  groupId: "/stack",
  dependencies: { "/stack/middle": ["/stack/store"] },
  apps: [
    { appId: "/stack/store/db", cmd, instances: counts.db, isChecked: true },
    ...(counts.cache === 0 ? [] : [{ appId: "/stack/store/cache", cmd, instances: counts.cache }]),
    { appId: "/stack/middle/api", cmd, instances: counts.api, isChecked: true, isAsked: true },
    { appId: "/stack/web", cmd, instances: counts.web, dependencies: ["/stack/middle/api"] },
  ],
});

/** A stack of three storeys in one group, deployed, replaced, scaled and cut down as a whole, beside an app. */
export const layeredGroup: UserScript = {
  wishes: oneApp.wishes,
  groups: [
    stack(1_500, "stack one", { db: 2, cache: 2, api: 3, web: 4 }),
    stack(45_000, "stack two", { db: 2, cache: 2, api: 3, web: 6 }),
    stack(75_000, "stack two", { db: 3, cache: 0, api: 5, web: 2 }),
    stack(100_000, "stack three", { db: 3, cache: 1, api: 2, web: 5 }),
  ],
  kills: [
    { atMs: 20_000, appId: "/stack/store/db", count: 1 },
    { atMs: 60_000, appId: "/stack/middle/api", count: 2 },
    { atMs: 90_000, appId: "/stack/web", count: 2 },
  ],
  sickShare: 0.1,
};

/** The stack beside two apps, under users who restart, cancel and roll back whatever is there. */
export const restlessUsers: UserScript = {
  wishes: [
    ...oneApp.wishes,
    {
      atMs: 2_000,
      appId: "/half",
      cmd: "half one",
      instances: 4,
      minimumHealthCapacity: 0.5,
      maximumOverCapacity: 0,
    },
    {
      atMs: 50_000,
      appId: "/half",
      cmd: "half two",
      instances: 6,
      minimumHealthCapacity: 0.5,
      maximumOverCapacity: 0.5,
    },
  ],
  groups: [
    stack(1_500, "stack one", { db: 2, cache: 1, api: 2, web: 2 }),
    stack(60_000, "stack two", { db: 2, cache: 1, api: 3, web: 3 }),
  ],
  kills: [{ atMs: 40_000, appId: "/web", count: 2 }],
  isRestless: true,
};

/** Upgrades that fail, as the seed draws them, beside an app. */
export const failingUpgrades: UserScript = { wishes: oneApp.wishes, trials: "some" };
