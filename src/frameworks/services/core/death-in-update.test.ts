/** The process dies at every step of an update, and the next one finishes it: of apps with checks, and of pods. */
import { describe, expect, it } from "vitest";
import type { AppDefinition, HealthCheck, ReadinessCheck } from "#domain/definitions/app.ts";
import { parsePod } from "#domain/definitions/index.ts";
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

function put(world: World, definition: AppDefinition): void {
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: [{ definition, expect: "any" }],
    removals: [],
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

function finish(world: World): void {
  for (let count = 0; world.core.queries.deployments().length > 0; count += 1) {
    if (count > 2_000) throw new Error("the deployment does not end");
    step(world);
  }
  for (let count = 0; count < 20; count += 1) step(world);
}

const deathsMax = 45;

describe.each(kinds)("an update of $name", ({ definition }) => {
  it.each(["between two steps", "between a step's writes and its effects"])(
    "ends as it should when the process dies %s, wherever that is",
    (when) => {
      const instances = definition("one").instances;
      for (let death = 0; death < deathsMax; death += 1) {
        const world = World.started({ agents: 2, cpusEach: 4 });
        put(world, definition("one"));
        finish(world);
        put(world, definition("two"));
        for (let count = 0; count < death; count += 1) step(world);
        // What was out when the process died is answered to nobody.
        world.probes.length = 0;
        world.readiness.length = 0;
        if (when === "between two steps") world.crash();
        else world.losesNextEffects = true;
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
