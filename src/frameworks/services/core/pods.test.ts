/** Instances of several containers: launched together, told of one by one, ended together. */
import { describe, expect, it } from "vitest";
import { parsePod } from "#domain/definitions/index.ts";
import type { MiniTask } from "#frameworks/base/core/testing/mini-master.ts";
import type { RequestResult } from "./effects.ts";
import { World } from "./testing/world.ts";

const aPodBody = (changes: object = {}) => ({
  id: "/shop",
  containers: [
    {
      name: "web",
      exec: { command: { shell: "serve" } },
      resources: { cpus: 0.5, mem: 64 },
      endpoints: [{ name: "http", hostPort: 0 }],
      healthCheck: { http: { endpoint: "http" } },
      volumeMounts: [
        { name: "shared", mountPath: "data" },
        { name: "shared", mountPath: "fixed", readOnly: true },
        { name: "logs", mountPath: "/var/log", readOnly: true },
      ],
    },
    {
      name: "side",
      exec: { command: { argv: ["/bin/side", "-v"] } },
      resources: { cpus: 0.25, mem: 32 },
      endpoints: [{ name: "admin", hostPort: 0 }],
      lifecycle: { killGracePeriodSeconds: 2.5 },
    },
  ],
  volumes: [{ name: "shared" }, { name: "logs", host: "/srv/log" }],
  ...changes,
});

function change(world: World, body: object | undefined, removals: readonly string[] = []): RequestResult {
  const upserts =
    body === undefined ? [] : [{ definition: parsePod(body, { defaultRole: "*" }), expect: "any" as const }];
  const request = world.ask((number) => ({
    kind: "changeApps",
    request: number,
    upserts,
    removals,
    force: false,
  }));
  const reply = world.replies.get(request);
  if (reply === undefined) throw new Error("no reply");
  return reply;
}

function running(body: object = aPodBody()): World {
  const world = World.started();
  change(world, body);
  world.live(1_000);
  return world;
}

const status = (world: World) => world.core.queries.podStatus("/shop", world.now);
const taskOf = (world: World, container: string): MiniTask => {
  const found = world.master.alive().find(({ info }) => info.name === container);
  if (found === undefined) throw new Error(`no live task of ${container}`);
  return found;
};
const groupsOf = (world: World) =>
  world.master.calls.flatMap(({ accept }) =>
    (accept?.operations ?? []).flatMap(({ launch_group: group }) => group ?? []),
  );

describe("an instance of a pod", () => {
  it("is launched as one group: an executor with its own resources, a task a container", () => {
    const world = running();
    const [group] = groupsOf(world);
    const [instance] = world.core.own.listInstances({ service: "/shop" })?.items ?? [];
    if (group === undefined || instance === undefined) throw new Error("nothing was launched");
    const uuid = instance.id.slice("shop.instance-".length);
    expect(group.executor).toMatchObject({
      type: "DEFAULT",
      executor_id: { value: `instance-shop.${uuid}` },
    });
    expect(group.executor.resources).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "cpus", scalar: { value: 0.1 } }),
        expect.objectContaining({ name: "mem", scalar: { value: 32 } }),
        expect.objectContaining({ name: "disk", scalar: { value: 10 } }),
      ]),
    );
    const [web, side] = group.task_group.tasks ?? [];
    expect(web).toMatchObject({
      name: "web",
      task_id: { value: `${instance.id}.web.1` },
      container: {
        type: "MESOS",
        volumes: [
          {
            mode: "RW",
            container_path: "data",
            source: { type: "SANDBOX_PATH", sandbox_path: { type: "PARENT", path: "volumes/shared" } },
          },
          {
            mode: "RO",
            container_path: "fixed",
            source: { type: "SANDBOX_PATH", sandbox_path: { type: "PARENT", path: "volumes/shared" } },
          },
          { mode: "RO", container_path: "/var/log", host_path: "/srv/log" },
        ],
      },
      health_check: { type: "HTTP", http: { port: instance.ports[0], path: "/" } },
    });
    expect(side).toMatchObject({
      name: "side",
      command: { shell: false, value: "/bin/side", arguments: ["/bin/side", "-v"] },
      kill_policy: { grace_period: { nanoseconds: 2_500_000_000 } },
    });
    // Each container has its own ports and hears of all.
    expect(side?.resources).toContainEqual(
      expect.objectContaining({
        name: "ports",
        ranges: { range: [{ begin: instance.ports[1], end: instance.ports[1] }] },
      }),
    );
    const environment = Object.fromEntries(
      (side?.command?.environment?.variables ?? []).map(({ name, value }) => [name, value]),
    );
    expect(environment).toMatchObject({
      MARATHON_CONTAINER_ID: "side",
      MARATHON_CONTAINER_RESOURCE_CPUS: "0.25",
      ENDPOINT_HTTP: String(instance.ports[0]),
      EP_HOST_ADMIN: String(instance.ports[1]),
    });
    expect(world.problems()).toEqual([]);
  });

  it("is stable once all its containers run and none says that it is ill", () => {
    const world = World.started();
    change(world, aPodBody());
    world.drain();
    world.master.allocate();
    world.drain();
    expect(status(world)).toMatchObject({ status: "DEGRADED", instances: [{ status: "PENDING" }] });
    world.master.startTask(taskOf(world, "web"));
    world.drain();
    expect(status(world)).toMatchObject({
      instances: [
        {
          containers: [
            { name: "web", status: "TASK_RUNNING" },
            { name: "side", status: "TASK_STAGING" },
          ],
        },
      ],
    });
    world.master.startTask(taskOf(world, "side"));
    world.drain();
    expect(status(world)).toMatchObject({ status: "STABLE", instances: [{ status: "STABLE" }] });
    const web = taskOf(world, "web");
    const report = (healthy: boolean, uuid: string) =>
      world.apply({
        kind: "statusReceived",
        status: {
          task_id: { value: web.id },
          agent_id: { value: web.agentId },
          state: "TASK_RUNNING",
          healthy,
          uuid,
        },
      });
    report(true, "h1");
    expect(status(world)).toMatchObject({
      status: "STABLE",
      instances: [{ containers: [{ endpoints: [{ healthy: true }] }, {}] }],
    });
    report(false, "h2");
    expect(status(world)).toMatchObject({ status: "DEGRADED", instances: [{ status: "DEGRADED" }] });
    expect(world.problems()).toEqual([]);
  });

  it("is launched again as a whole when a container fails: same instance, next incarnation", () => {
    const world = running(aPodBody({ scheduling: { backoff: { backoff: 2 } } }));
    const before = world.master.alive().map(({ id }) => id);
    world.master.endTask(taskOf(world, "side"), "TASK_FAILED");
    world.drain();
    expect(world.core.queries.queue(world.now, { lastUnusedOffers: false })).toMatchObject([
      { pod: { id: "/shop" }, count: 1, delay: { timeLeftSeconds: 2 } },
    ]);
    expect(status(world)).toMatchObject({
      terminationHistory: [{ containers: [{ lastKnownState: "TASK_FAILED" }] }],
    });
    world.live(3_000);
    expect(world.master.alive().map(({ id }) => id)).toEqual(before.map((id) => id.replace(/\.1$/, ".2")));
    expect(world.problems()).toEqual([]);
  });

  it("waits for all of its containers to end before it is launched again", () => {
    const world = running();
    const side = taskOf(world, "side");
    const web = taskOf(world, "web");
    const tell = (id: string, state: "TASK_FAILED" | "TASK_KILLED") =>
      world.apply({
        kind: "statusReceived",
        status: { task_id: { value: id }, agent_id: { value: side.agentId }, state, uuid: `${id}-${state}` },
      });
    tell(side.id, "TASK_FAILED");
    expect(world.core.own.listInstances({ service: "/shop" })?.items).toMatchObject([
      { condition: "Killing" },
    ]);
    tell(web.id, "TASK_KILLED");
    expect(world.core.own.listInstances({ service: "/shop" })?.items).toMatchObject([
      { condition: "Scheduled" },
    ]);
    expect(world.core.check()).toEqual([]);
  });

  it("is not launched again where its executor is still ending, which would refuse it", () => {
    const world = running(aPodBody({ scheduling: { backoff: { backoff: 0.1 } } }));
    const [web, side] = [taskOf(world, "web"), taskOf(world, "side")];
    const uuid = web.id.slice("shop.instance-".length).replace(/\..*/, "");
    for (const { id } of world.master.agents) world.master.endingExecutors.set(id, [`instance-shop.${uuid}`]);
    world.master.endTask(web, "TASK_FAILED");
    world.master.endTask(side, "TASK_KILLED");
    world.live(1_000);
    expect(world.master.alive()).toEqual([]);
    const declines = world.master.calls.flatMap(({ decline }) => decline ?? []);
    expect(declines.at(-1)?.filters?.refuse_seconds).toBe(1);
    world.master.endingExecutors.clear();
    world.live(2_000);
    expect(world.master.alive().map(({ id }) => id)).toEqual([
      web.id.replace(/\.1$/, ".2"),
      side.id.replace(/\.1$/, ".2"),
    ]);
    expect(world.problems()).toEqual([]);
  });

  it("goes on when one of its containers has finished", () => {
    const world = running();
    world.master.endTask(taskOf(world, "side"), "TASK_FINISHED");
    world.live(2_000);
    expect(world.master.alive().map(({ info }) => info.name)).toEqual(["web"]);
    expect(status(world)).toMatchObject({
      instances: [
        { status: "STABLE", containers: [{ status: "TASK_RUNNING" }, { status: "TASK_FINISHED" }] },
      ],
    });
    expect(world.problems()).toEqual([]);
  });

  it("is killed whole, container by container, and its place is taken at once", () => {
    const world = running();
    const [instance] = world.core.own.listInstances({ service: "/shop" })?.items ?? [];
    world.ask((number) => ({
      kind: "killTasks",
      request: number,
      ids: [instance?.id ?? ""],
      mode: "kill",
      force: false,
    }));
    world.live(1_000);
    expect(world.master.alive().map(({ id }) => id.slice(-2))).toEqual([".2", ".2"]);
    expect(world.problems()).toEqual([]);
  });

  it("is found again by a process that starts anew", () => {
    const world = running();
    const before = JSON.stringify(status(world));
    world.crash();
    world.live(2_000);
    const strip = (text: string): string => text.replace(/"last(Updated|Changed)":"[^"]*"/g, "");
    expect(strip(JSON.stringify(status(world)))).toEqual(strip(before));
    expect(world.master.alive()).toHaveLength(2);
    expect(world.problems()).toEqual([]);
  });

  it("comes back whole from an agent that was out of reach", () => {
    const world = running(
      aPodBody({
        scheduling: { unreachableStrategy: { inactiveAfterSeconds: 600, expungeAfterSeconds: 900 } },
      }),
    );
    const agent = world.master.agents.find(({ id }) => id === taskOf(world, "web").agentId);
    if (agent === undefined) throw new Error("no agent");
    world.master.loseAgent(agent);
    world.live(1_000);
    expect(status(world)).toMatchObject({ instances: [{ status: "DEGRADED" }] });
    world.master.returnAgent(agent);
    world.live(1_000);
    expect(status(world)).toMatchObject({ status: "STABLE" });
    expect(world.problems()).toEqual([]);
  });
});

describe("a pod", () => {
  it("is scaled, replaced and removed by the same plans as an app, under its own names", () => {
    const plain = (changes: object): object => {
      const body = aPodBody(changes);
      return { ...body, containers: body.containers.map((each) => ({ ...each, healthCheck: undefined })) };
    };
    const world = running(plain({}));
    const [first] = world.master.alive().map(({ id }) => id);
    change(world, plain({ scaling: { kind: "fixed", instances: 2 } }));
    world.live(2_000);
    expect(world.master.alive()).toHaveLength(4);
    expect(world.master.alive().map(({ id }) => id)).toContain(first);
    change(world, plain({ scaling: { kind: "fixed", instances: 2 }, environment: { A: "1" } }));
    expect(world.core.queries.deployments()).toMatchObject([
      {
        affectedApps: [],
        affectedPods: ["/shop"],
        steps: [{ actions: [{ action: "RestartPod", pod: "/shop" }] }],
      },
    ]);
    world.live(5_000);
    expect(world.core.queries.deployments()).toEqual([]);
    expect(world.master.alive()).toHaveLength(4);
    expect(world.master.alive().map(({ id }) => id)).not.toContain(first);
    change(world, undefined, ["/shop"]);
    expect(status(world)).toMatchObject({ status: "TERMINAL" });
    world.live(2_000);
    expect(world.master.alive()).toEqual([]);
    expect(status(world)).toBeUndefined();
    expect(world.ofType("app_terminated_event")).toMatchObject([{ appId: "/shop" }]);
    expect(world.problems()).toEqual([]);
  });

  it("is no app, and no app can be where it is", () => {
    const world = running();
    const { queries } = world.core;
    expect(queries.listApps()).toEqual([]);
    expect(queries.app("/shop")).toBeUndefined();
    expect(queries.allTasks()).toEqual([]);
    expect(queries.group("/")?.apps()).toEqual([]);
    expect(queries.group("/")?.pods()).toHaveLength(1);
    const request = world.ask((number) => ({
      kind: "changeApps",
      request: number,
      upserts: [
        {
          definition: {
            ...parsePod(aPodBody(), { defaultRole: "*" }),
            cmd: "sleep 1",
            pod: undefined,
          } as never,
          expect: "any",
        },
      ],
      removals: [],
      force: false,
    }));
    expect(world.replies.get(request)).toMatchObject({
      kind: "refused",
      refusal: { code: "Invalid", details: [{ path: "/apps//shop" }] },
    });
  });
});
