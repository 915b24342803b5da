/** What an agent said on a link that it has given up since. */
import { describe, expect, it } from "vitest";
import { linkTask, MasterBench, running, wireResources } from "../testing.ts";
import { AgentLinkOrder } from "./agent-link-order.ts";

describe("an agent's links", () => {
  it("are in the order in which they were opened, for each address", () => {
    const order = new AgentLinkOrder();
    for (const link of ["one", "other", "two"]) order.opened(link);
    expect(order.isOutdated("one", "a")).toBe(false);
    expect(order.isOutdated("two", "a")).toBe(false);
    expect(order.isOutdated("two", "a")).toBe(false);
    expect(order.isOutdated("one", "a")).toBe(true);
    order.closed("two");
    expect(order.isOutdated("one", "a")).toBe(true);
    expect(order.isOutdated("other", "b")).toBe(false);
  });

  it("an old list of tasks, late on an old link, brings no ended task back (operators, seed 182)", () => {
    const { bench, agentId, id } = running();
    bench.do({ kind: "agentConnected", connection: "old", address: "10.0.0.1" });
    bench.do({ kind: "agentConnected", connection: "new", address: "10.0.0.1" });
    bench.reregister("new", agentId, []);
    const tasks = () => [...(bench.core.state.agents.get(agentId)?.tasks ?? [])].map(({ taskId }) => taskId);
    const before = tasks();
    bench.reregister("old", agentId, [linkTask(id, agentId, "late")]);
    expect(tasks()).toEqual(before);
    expect(bench.toAgent("old")).toEqual([]);
    expect(bench.effects.filter(({ kind }) => kind === "closeLink")).toMatchObject([
      { connection: "link" },
      { connection: "old" },
    ]);
    expect(bench.core.state.agents.get(agentId)?.connection).toBe("new");
    expect(bench.core.check()).toEqual([]);
  });

  it("a first registration that is late makes no second agent of it", () => {
    const bench = new MasterBench();
    const description = {
      info: { hostname: "a", resources: wireResources("cpus:1") },
      pid: "slave(1)@a:5051",
      version: "1",
      capabilities: [],
    };
    bench.do({ kind: "agentConnected", connection: "old", address: "10.0.0.1" });
    bench.do({ kind: "agentConnected", connection: "new", address: "10.0.0.1" });
    for (const connection of ["new", "old"])
      bench.do({ kind: "agentSaid", connection, message: { kind: "register", ...description } });
    expect([...bench.core.state.agents.values()].map(({ connection }) => connection)).toEqual(["new"]);
    expect(bench.toAgent("old")).toEqual([]);
  });
});
