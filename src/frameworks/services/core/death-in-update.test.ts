/**
 * The process dies at every step of a deployment, and the next one finishes it: of apps with checks, of pods, and of each
 * change by each upgrade strategy.
 */
import { describe, expect, it } from "vitest";
import type { AppDefinition, HealthCheck, ReadinessCheck } from "#domain/definitions/app.ts";
import { parsePod } from "#domain/definitions/index.ts";
import { rollingLimits } from "./rolling.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

const readiness: ReadinessCheck = {
  name: "ready",
  protocol: "HTTP",
  path: "/",
  portName: "default",
  intervalSeconds: 2,
  timeoutSeconds: 1,
  httpStatusCodesForReady: [200],
  preserveLastResponse: false,
};
const health: HealthCheck = {
  protocol: "HTTP",
  path: "/",
  portIndex: 0,
  gracePeriodSeconds: 10,
  intervalSeconds: 1,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 3,
  ignoreHttp1xx: false,
  ipProtocol: "IPv4",
};
const upgradeStrategy = { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 };

const kinds: readonly { readonly name: string; readonly definition: (cmd: string) => AppDefinition }[] = [
  {
    name: "an app with a readiness check",
    definition: (cmd) => anApp({ cmd, instances: 3, upgradeStrategy, readinessChecks: [readiness] }),
  },
  {
    name: "an app with a health check and a readiness check",
    definition: (cmd) =>
      anApp({ cmd, instances: 2, upgradeStrategy, readinessChecks: [readiness], healthChecks: [health] }),
  },
  {
    name: "a pod",
    definition: (cmd) => {
      const container = (name: string) => ({
        name,
        exec: { command: { shell: cmd } },
        resources: { cpus: 0.5, mem: 32 },
      });
      const body = {
        id: "/web",
        containers: [container("one"), container("two")],
        scaling: { kind: "fixed", instances: 2 },
      };
      return parsePod(body, { defaultRole: "*" });
    },
  },
];

function put(world: World, definition: AppDefinition | undefined): void {
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: definition === undefined ? [] : [{ definition, expect: "any" }],
    removals: definition === undefined ? ["/web"] : [],
    force: false,
  }));
}

/** One event, or one answer to a probe, or some time in which tasks start and offers are made. */
function step(world: World): void {
  if (world.deliver()) return;
  const probe = world.probes.shift();
  if (probe !== undefined)
    return world.apply({ kind: "probed", probe: probe.key, result: { kind: "success" } });
  const asked = world.readiness.shift();
  if (asked !== undefined) {
    const answer = { status: 200, contentType: "", body: "" };
    return world.apply({ kind: "readinessAnswered", key: asked.key, answer });
  }
  for (const task of [...world.master.tasks.values()]) world.master.startTask(task);
  world.master.retryUpdates();
  world.master.allocate();
  world.pass(500);
}

function finish(world: World, look: () => void = () => {}): void {
  for (let count = 0; world.core.queries.deployments().length > 0; count += 1) {
    if (count > 2_000) throw new Error("the deployment does not end");
    step(world);
    look();
  }
  for (let count = 0; count < 20; count += 1) step(world);
}

const deaths = ["between two steps", "between a step's writes and its effects"] as const;

/** What was out when the process dies is answered to nobody. */
function die(world: World, when: (typeof deaths)[number]): void {
  world.probes.length = 0;
  world.readiness.length = 0;
  if (when === "between two steps") world.crash();
  else world.losesNextEffects = true;
}

const deathsMax = 45;

describe.each(kinds)("an update of $name", ({ definition }) => {
  it.each(deaths)(
    "ends as it should when the process dies %s, wherever that is",
    (when) => {
      const instances = definition("one").instances;
      for (let death = 0; death < deathsMax; death += 1) {
        const world = World.started({ agents: 2, cpusEach: 4 });
        put(world, definition("one"));
        finish(world);
        put(world, definition("two"));
        for (let count = 0; count < death; count += 1) step(world);
        die(world, when);
        finish(world);
        const containers = Math.max(1, definition("one").pod?.containers.length ?? 1);
        const commands = world.master.alive().map(({ info }) => info.command?.value);
        expect({ death, commands }).toEqual({ death, commands: Array(instances * containers).fill("two") });
        expect(world.problems()).toEqual([]);
      }
    },
    60_000,
  );
});

const strategies = [
  [1, 1],
  [1, 0],
  [0.5, 0.5],
  [0.5, 0],
  [0, 1],
  [0, 0],
] as const;
type Wanted = { readonly cmd: string; readonly instances: number } | undefined;
const changes: readonly { readonly name: string; readonly from: Wanted; readonly to: Wanted }[] = [
  { name: "created", from: undefined, to: { cmd: "one", instances: 3 } },
  { name: "scaled up", from: { cmd: "one", instances: 2 }, to: { cmd: "one", instances: 4 } },
  { name: "scaled down", from: { cmd: "one", instances: 4 }, to: { cmd: "one", instances: 2 } },
  { name: "replaced", from: { cmd: "one", instances: 3 }, to: { cmd: "two", instances: 3 } },
  { name: "replaced by more", from: { cmd: "one", instances: 2 }, to: { cmd: "two", instances: 3 } },
  { name: "replaced by fewer", from: { cmd: "one", instances: 4 }, to: { cmd: "two", instances: 2 } },
  { name: "deleted", from: { cmd: "one", instances: 3 }, to: undefined },
];

describe.each(changes)("an app that is $name", ({ from, to }) => {
  it.each(strategies)(
    "with %d / %d ends as it should, and within its limits, whenever the process dies",
    (minimumHealthCapacity, maximumOverCapacity) => {
      const upgradeStrategy = { minimumHealthCapacity, maximumOverCapacity };
      const wanted = to?.instances ?? 0;
      const { minHealthy, maxCapacity } = rollingLimits({ instances: wanted, ...upgradeStrategy });
      const before = from?.instances ?? 0;
      const most = Math.max(before, maxCapacity + (minHealthy === maxCapacity ? 1 : 0));
      const least = Math.min(before, minHealthy);
      for (const when of deaths) {
        for (let death = 0, isOver = false; !isOver; death += 1) {
          const world = World.started({ agents: 2, cpusEach: 8 });
          const look = (): void => {
            const { length } = world.master.alive();
            expect({ when, death, length, isWithin: length >= least && length <= most }).toMatchObject({
              isWithin: true,
            });
          };
          if (from !== undefined) put(world, anApp({ ...from, upgradeStrategy }));
          finish(world);
          put(world, to && anApp({ ...to, upgradeStrategy }));
          for (let count = 0; count < death; count += 1) {
            step(world);
            look();
          }
          isOver = world.core.queries.deployments().length === 0;
          die(world, when);
          finish(world, look);
          const commands = world.master.alive().map(({ info }) => info.command?.value);
          expect({ when, death, commands }).toEqual({ when, death, commands: Array(wanted).fill(to?.cmd) });
          expect(world.problems()).toEqual([]);
        }
      }
    },
    60_000,
  );
});
