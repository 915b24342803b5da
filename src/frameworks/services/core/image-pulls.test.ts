/** What is told of instances whose agents are bringing their image. */
import { describe, expect, it } from "vitest";
import type { ImagePullItem } from "#contracts/kernel/own-endpoints.ts";
import { parseApp } from "#domain/definitions/index.ts";
import { anOffer } from "#frameworks/base/core/testing/offers.ts";
import { offered } from "./testing/stuck-worlds.ts";

const image = "shop/web:1";
const app = (more: object = {}) =>
  parseApp(
    {
      id: "/web",
      cmd: "serve",
      cpus: 1,
      mem: 32,
      instances: 2,
      container: { type: "MESOS", docker: { image } },
      ...more,
    },
    { defaultRole: "*" },
  );
/** Two instances are on their way up, each on an agent of its own. */
const launched = (definition = app()) =>
  offered(
    definition,
    anOffer({ id: "1", agentId: "agent-1", cpus: 1.5 }),
    anOffer({ id: "2", agentId: "agent-2", cpus: 1.5 }),
  );
const pull = (taskId: string, changes: Partial<ImagePullItem> = {}): ImagePullItem => ({
  taskId,
  frameworkId: "framework-1",
  containerId: "c",
  image,
  phase: "fetching",
  doneBytes: 120 * 1_048_576,
  totalBytes: 310 * 1_048_576,
  ...changes,
});

describe("an image on its way", () => {
  it("is asked about at the agents of a service, an instance or a deployment whose tasks start from one", () => {
    const world = launched();
    const { own } = world.core;
    const items = own.listInstances({ service: "/web" })?.items ?? [];
    const [deployment] = own.listDeployments({}).items;
    expect(items).toHaveLength(2);
    for (const name of ["/web", "web", deployment?.id ?? ""])
      expect([...own.agentsPulling(name)].sort()).toEqual(["agent-1", "agent-2"]);
    for (const { id, taskId = "" } of items)
      for (const name of [id, taskId]) expect(own.agentsPulling(name)).toHaveLength(1);
    expect(own.agentsPulling("nothing")).toEqual([]);
    const { container: _image, ...plain } = app();
    expect(launched(plain).core.own.agentsPulling("/web")).toEqual([]);
  });

  it("is told with how much is there; an instance that nothing was told of is being started", () => {
    const world = launched();
    const { own } = world.core;
    const [one, other] = own.listInstances({ service: "/web" })?.items ?? [];
    const why = (pulls: readonly ImagePullItem[], name = "/web") => {
      const told = new Map(pulls.map((each) => [each.taskId, each]));
      return own
        .explain(name, { now: world.now, known: undefined, nodesMax: 0, pulls: told })
        ?.reasons.filter(({ code }) => !code.startsWith("deployment"))
        .map(({ code, parameters: { count, done, total, phase } }) => ({ code, count, done, total, phase }));
    };
    const coming = { code: "pullingImage", done: 120, total: 310, phase: "fetching" };
    const starting = { code: "startingImage", done: undefined, total: undefined, phase: undefined };
    const [first = "", second = ""] = [one?.taskId, other?.taskId];
    expect(why([pull(first), pull(second)])).toEqual([{ ...coming, count: 2 }]);
    expect(why([pull(first)])).toEqual(
      expect.arrayContaining([
        { ...coming, count: 1 },
        { ...starting, count: 1 },
      ]),
    );
    expect(why([pull(second)], one?.id)).toEqual([{ ...starting, count: 1 }]);
    expect(why([pull(first)], one?.id)).toEqual([{ ...coming, count: 1 }]);
    // However long it takes: it is known what for.
    world.now += 3_600_000;
    expect(why([pull(first)], one?.id)).toEqual([{ ...coming, count: 1 }]);
    expect(why([], one?.id)).toMatchObject([{ code: "stagingLong" }]);
  });
});
