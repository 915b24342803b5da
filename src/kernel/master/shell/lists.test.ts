import { beforeEach, describe, expect, it } from "vitest";
import { aTask, MasterBench } from "../testing.ts";
import { capacity, nodeList } from "./node-list.ts";
import { taskList } from "./task-list.ts";

describe("the lists of nodes and tasks", () => {
  let bench: MasterBench;
  let agentId: string;
  let frameworkId: string;

  beforeEach(() => {
    bench = new MasterBench();
    agentId = bench.agent("alpha", "cpus:4;mem:4096;gpus:1");
    frameworkId = bench.framework("shop", { capabilities: [{ type: "GPU_RESOURCES" }] });
    bench.pass(1_000);
    bench.launch(frameworkId, "shop", [aTask("cart", agentId), aTask("db", agentId), aTask("done", agentId)]);
    bench.pass(1_000);
    bench.update("alpha", frameworkId, "cart", "TASK_RUNNING", "u1");
    bench.pass(2_000);
    bench.update("alpha", frameworkId, "cart", "TASK_RUNNING", "u2");
    bench.update("alpha", frameworkId, "done", "TASK_FAILED", "u3");
  });

  it("shows what a node has, what is used and what is offered", () => {
    const [node] = nodeList(bench.core.state, {}).items;
    expect(node).toMatchObject({
      id: agentId,
      hostname: "alpha",
      url: "http://alpha:5051",
      state: "active",
      total: { cpus: 4, mem: 4096, disk: 0, gpus: 1 },
      used: { cpus: 2, mem: 256 },
      tasks: 3,
    });
  });

  it("keeps a node that went away in the list, by its name", () => {
    bench.do({ kind: "agentDisconnected", connection: "alpha" });
    expect(nodeList(bench.core.state, { filter: "state:disconnected" }).total).toBe(1);
    bench.pass(3_600_000);
    const [node] = nodeList(bench.core.state, {}).items;
    expect(node).toMatchObject({ id: agentId, hostname: "alpha", state: "unreachable", tasks: 0 });
    expect(capacity(bench.core.state, "c").nodes).toEqual({ active: 0, disconnected: 0, unreachable: 1 });
  });

  it("lists live tasks, and with `ended` those that ended too, with their cause", () => {
    const ids = (query: Parameters<typeof taskList>[1]) =>
      taskList(bench.core.state, query).items.map(({ id }) => id);
    expect(ids({})).toEqual(["cart", "db"]);
    expect(ids({ ended: true })).toEqual(["cart", "db", "done"]);
    bench.acknowledge(frameworkId, agentId, "done", "u3");
    expect(ids({ ended: true, filter: "state:TASK_FAILED" })).toEqual(["done"]);
    expect(ids({ node: "elsewhere" })).toEqual([]);
    expect(ids({ framework: frameworkId, filter: "alpha car" })).toEqual(["cart"]);
    expect(ids({ sort: "-id", limit: 1 })).toEqual(["db"]);
  });

  it("says since when a task runs, though later statuses of that state replace the first", () => {
    const [cart] = taskList(bench.core.state, { filter: "id:cart" }).items;
    expect(cart).toMatchObject({ startedAt: bench.now - 2_000, updatedAt: bench.now, frameworkName: "shop" });
  });

  it("sums the cluster", () => {
    bench.agent("beta", "cpus:2;mem:100");
    const sums = capacity(bench.core.state, "mine");
    expect(sums.total).toEqual({ cpus: 6, mem: 4196, disk: 0, gpus: 1 });
    expect(sums.used.cpus).toBe(2);
    expect(sums.tasks).toEqual({ TASK_RUNNING: 1, TASK_STAGING: 1, TASK_FAILED: 1 });
    expect(sums).toMatchObject({ clusterName: "mine", frameworks: 1, nodes: { active: 2 } });
  });

  it("answers windows of 10,000 tasks from the records as they lie", () => {
    const many = new MasterBench();
    const id = many.framework("big");
    for (let node = 0; node < 100; node += 1) {
      const agent = many.agent(`n${node}`, "cpus:100;mem:20000");
      many.pass(100);
      const offer = many.offers("big").find((each) => each.agent_id.value === agent);
      if (offer === undefined) throw new Error("no offer of the new agent");
      const tasks = Array.from({ length: 100 }, (_, index) => aTask(`t${node}-${index}`, agent));
      many.call(id, {
        type: "ACCEPT",
        accept: { offer_ids: [offer.id], operations: [{ type: "LAUNCH", launch: { task_infos: tasks } }] },
      });
    }
    const { items, total } = taskList(many.core.state, { filter: "n77", sort: "-id", limit: 5 });
    expect(total).toBe(100);
    expect(items.map((task) => task.id)[0]).toBe("t77-99");
    expect(taskList(many.core.state, {}).total).toBe(10_000);
    const nodes = nodeList(many.core.state, { sort: "-usedCpus", limit: 3 });
    expect(nodes.total).toBe(100);
    expect(nodes.items[0]?.used.cpus).toBe(100);
  });
});
