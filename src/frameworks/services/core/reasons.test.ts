/** States that a real cluster can't be brought into at will; the others are in tests/conformance/services/why.test.ts. */
import { describe, expect, it } from "vitest";
import { anOffer } from "#frameworks/base/core/testing/offers.ts";
import { anApp } from "./testing/builders.ts";
import { type StuckState, stuckStates } from "./testing/stuck-states.ts";
import { aNode, ended, offered, put, why } from "./testing/stuck-worlds.ts";

describe("why", () => {
  for (const { name, world, nodes, known, asked = "/web", code, parameters } of stuckStates) {
    it(`${name}: ${code}`, () => {
      const { reasons, isAsWished } = why(world(), asked, nodes, known);
      expect(reasons[0]).toMatchObject({ code, ...(parameters === undefined ? {} : { parameters }) });
      // Nobody is left without a next step.
      if (code !== "asWished") for (const reason of reasons) expect(reason.commands).not.toEqual([]);
      expect(isAsWished).toBe(code === "asWished" || code === "stopped");
    });
  }

  it.each<Pick<StuckState, "name" | "world" | "nodes" | "code" | "parameters">>([
    {
      name: "a scrap of a node was offered, and the rest of it to somebody else",
      world: () => offered(anApp({ cpus: 2 }), anOffer({ cpus: 0.01, mem: 64 })),
      nodes: [aNode()],
      code: "noOffersYet",
    },
    {
      name: "a scrap of a node was offered, and what others hold of it would not do either",
      world: () => offered(anApp({ cpus: 6 }), anOffer({ cpus: 0.01 })),
      nodes: [aNode({ free: { cpus: 5_000, mem: 8_192_000 } })],
      code: "insufficientResources",
      parameters: { resource: "cpus", wanted: 6, free: 5, missing: 1 },
    },
    {
      name: "an offer has more than the master said a moment before",
      world: () => offered(anApp({ cpus: 6 }), anOffer({ cpus: 4 })),
      nodes: [aNode({ free: { cpus: 1_000, mem: 8_192_000 } })],
      code: "insufficientResources",
      parameters: { resource: "cpus", wanted: 6, free: 4, missing: 2 },
    },
    {
      name: "a port is offered to somebody else",
      world: () =>
        offered(anApp({ requirePorts: true, portDefinitions: [{ port: 80, protocol: "tcp" }] }), anOffer()),
      nodes: [aNode({ freePorts: { "*": [{ begin: 80, end: 80 }] } })],
      code: "noOffersYet",
    },
  ])("$name: $code", ({ world, nodes, code, parameters = {} }) => {
    const [first] = why(world(), "/web", nodes).reasons;
    expect(first).toMatchObject({ code, parameters });
    if (code === "noOffersYet") expect(first?.nodes.flatMap(({ short }) => short)).toEqual([]);
  });

  it("goes by the offer alone where the master was asked before it", () => {
    const world = offered(anApp({ cpus: 6 }), anOffer({ cpus: 3 }));
    const [first] = why(world, "/web", [aNode()], { at: world.now - 1 }).reasons;
    expect(first).toMatchObject({
      code: "insufficientResources",
      parameters: { resource: "cpus", wanted: 6, free: 3, missing: 3 },
    });
  });

  it("tells every obstacle of every node, the nearest miss first", () => {
    const world = offered(
      anApp({ cpus: 4, mem: 2_048, constraints: [["rack", "LIKE", "r1"]] }),
      anOffer({ agentId: "far", cpus: 1, mem: 512, attributes: { rack: "r2" } }),
      anOffer({ id: "2", agentId: "near", cpus: 3, attributes: { rack: "r1" } }),
    );
    const [first, ...others] = why(world).reasons;
    expect(first?.code).toBe("insufficientResources");
    expect(first?.nodes).toEqual([
      {
        agentId: "near",
        hostname: "near.example",
        short: [{ name: "cpus", wanted: 4, free: 3, missing: 1 }],
        causes: [],
        at: world.now,
      },
      {
        agentId: "far",
        hostname: "far.example",
        short: [
          { name: "cpus", wanted: 4, free: 1, missing: 3 },
          { name: "mem", wanted: 2_048, free: 512, missing: 1_536 },
        ],
        causes: [{ code: "constraintNotSatisfiable", detail: "rack LIKE r1 (r2)" }],
        at: world.now,
      },
    ]);
    expect(others.map(({ code }) => code)).toEqual(["deploymentWaitsForPlace"]);
  });

  it("tells of a node that has nothing for the role no lack that follows from it", () => {
    const app = anApp({
      acceptedResourceRoles: ["special"],
      requirePorts: true,
      portDefinitions: [{ port: 80, protocol: "tcp" }],
    });
    const { reasons } = why(offered(app, anOffer()));
    expect(reasons.map(({ code }) => code)).toEqual(["roleMissing", "deploymentWaitsForPlace"]);
    expect(reasons[0]?.nodes).toMatchObject([
      { short: [], causes: [{ code: "roleMissing", detail: "special" }] },
    ]);
  });

  it("tells how many ports are wanted where any would do", () => {
    const app = anApp({
      portDefinitions: Array.from({ length: 5_000 }, () => ({ port: 0, protocol: "tcp" })),
    });
    expect(why(offered(app, anOffer())).reasons[0]).toMatchObject({
      code: "portsTaken",
      parameters: { kind: "any", ports: "5000" },
    });
  });

  it("tells the end before the pause that follows it, with the time of the next try", () => {
    const world = ended("TASK_FAILED", { message: "Command exited with status 3" });
    const { reasons, status } = why(world);
    expect(status).toBe("failing");
    expect(reasons.map(({ code }) => code).slice(0, 2)).toEqual(["exitedAtOnce", "backoff"]);
    expect(reasons[1]?.nextTryAt).toBe(world.now + 1_000);
    expect(reasons[0]?.parameters).toMatchObject({ status: 3, count: 1, failures: 1 });
    world.live(3_000);
    const task = world.master.alive().at(-1);
    if (task === undefined) throw new Error("it did not start again");
    world.master.endTask(task, "TASK_FAILED");
    world.drain();
    // One instance, however often it ended.
    expect(why(world).reasons[0]?.parameters).toMatchObject({ count: 1, failures: 2 });
  });

  it("goes on telling the failure while the next try is young, and forgets it when that proves itself", () => {
    const world = ended("TASK_FAILED", { message: "Command exited with status 3" });
    world.live(3_000);
    expect(why(world).reasons[0]?.code).toBe("exitedAtOnce");
    world.live(20_000);
    expect(why(world).reasons[0]?.code).toBe("asWished");
  });

  it("a changed definition starts without the faults of the one before", () => {
    const world = ended("TASK_FAILED", { message: "Command exited with status 3" });
    put(world, anApp({ cmd: "other" }));
    world.drain();
    expect(why(world).reasons.map(({ code }) => code)).not.toContain("exitedAtOnce");
  });

  it("answers to a path without its slash, an instance, a task that ended and a deployment", () => {
    const world = ended("TASK_FAILED", { message: "Command exited with status 3" });
    const [item] = world.core.own.listInstances({ service: "web", ended: true })?.items.slice(-1) ?? [];
    const [deployment] = world.core.own.listDeployments({}).items;
    expect(why(world, "web").kind).toBe("service");
    expect(why(world, item?.taskId)).toMatchObject({ kind: "instance", reasons: [{ code: "exitedAtOnce" }] });
    expect(why(world, item?.id)).toMatchObject({
      kind: "instance",
      reasons: [{ code: "exitedAtOnce" }, {}, {}],
    });
    expect(why(world, deployment?.id)).toMatchObject({
      kind: "deployment",
      isAsWished: false,
      reasons: [{ code: "exitedAtOnce" }, {}, { code: "deploymentWaitsForPlace" }],
    });
    expect(world.core.own.explain("nothing", { now: 0, known: undefined, nodesMax: 0 })).toBeUndefined();
  });
});
