import { describe, expect, it } from "vitest";
import type { InstanceItem } from "#contracts/services/own-endpoints.ts";
import {
  hostLabels,
  instanceCounts,
  instanceState,
  localAddress,
  shortInstanceId,
  sortInstances,
} from "./service-view.ts";

const instance = (given: Partial<InstanceItem>): InstanceItem => ({
  id: "i",
  service: "/a",
  condition: "Running",
  goal: "Running",
  isActive: true,
  ports: [],
  version: "v",
  ...given,
});

describe("the look of a service", () => {
  const states: readonly (readonly [Partial<InstanceItem>, string, string])[] = [
    [{}, "good", "ui.instance.condition.Running"],
    [{ healthy: true }, "good", "ui.instance.healthy"],
    [{ healthy: false, ready: false }, "bad", "ui.instance.unhealthy"],
    [{ ready: false }, "busy", "ui.instance.notReady"],
    [{ condition: "Failed", healthy: false }, "bad", "ui.instance.condition.Failed"],
    [{ condition: "OfTomorrow" }, "idle", "ui.instance.condition.Unknown"],
  ];
  it.each(states)("an instance that is %o is %s", (given, tone, text) => {
    expect(instanceState(instance(given))).toEqual({ tone, text });
  });

  it("counts what is wished and not there", () => {
    const instances = { wanted: 10, running: 6, staged: 1, healthy: 3, unhealthy: 2 };
    expect(instanceCounts({ instances })).toEqual({
      healthy: 3,
      running: 1,
      unhealthy: 2,
      staged: 1,
      missing: 3,
    });
    expect(
      instanceCounts({ instances: { wanted: 1, running: 3, staged: 0, healthy: 0, unhealthy: 0 } }).missing,
    ).toBe(0);
  });

  it("puts running instances first, then the newest", () => {
    const sorted = sortInstances([
      instance({ id: "old", startedAt: 1 }),
      instance({ id: "ended", isActive: false, startedAt: 9 }),
      instance({ id: "new", stagedAt: 5 }),
    ]);
    expect(sorted.map(({ id }) => id)).toEqual(["new", "old", "ended"]);
  });

  it("tells a task once that is listed twice, with how it ended", () => {
    const twice = [
      instance({ taskId: "t.1", condition: "Failed" }),
      instance({ taskId: "t.1", endedAt: 5 }),
      instance({ taskId: "t.1", condition: "Failed" }),
    ];
    expect(sortInstances(twice).map(({ endedAt }) => endedAt)).toEqual([5]);
  });

  it("names an instance by what is its own, and by its tasks when it had several", () => {
    const id = "shop_web.instance-13c2d2e6-b773-4ec7-a28f-d0fe4914bd7b";
    expect(shortInstanceId({ id, taskId: `${id}._app.1` })).toBe("13c2d2e6-b773");
    expect(shortInstanceId({ id, taskId: `${id}._app.25` })).toBe("13c2d2e6-b773 #25");
    expect(shortInstanceId({ id })).toBe("13c2d2e6-b773");
  });

  it("names a service from its innermost group outwards, where names lead here", () => {
    expect(hostLabels("/shop/cart")).toBe("cart.shop");
    const page = { protocol: "http:", hostname: "127.0.0.1", port: "8800" };
    expect(localAddress("/shop/cart", page)).toBe("http://cart.shop.localhost:8800/");
    expect(localAddress("/a", { protocol: "https:", hostname: "localhost", port: "" })).toBe(
      "https://a.localhost/",
    );
    expect(localAddress("/a", { ...page, hostname: "cluster.example" })).toBeUndefined();
  });
});
