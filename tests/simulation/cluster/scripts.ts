/** What users of services wish for in the scenarios. */
import type { UserScript } from "./services-user.ts";

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
