import { describe, expect, it } from "vitest";
import type { NodeItem, TaskItem } from "#contracts/kernel/own-endpoints.ts";
import { leavingOf } from "./leaving.ts";

const quantities = (cpus: number, mem: number) => ({ cpus, mem, disk: 0, gpus: 0 });
const node = (id: string, given: Partial<NodeItem> = {}): NodeItem => ({
  id,
  hostname: id,
  url: "",
  state: "active",
  standing: "inService",
  isPublic: false,
  attributes: {},
  total: quantities(4, 1_000),
  used: quantities(1, 200),
  offered: quantities(0, 0),
  tasks: 0,
  registeredAt: 0,
  version: "",
  ...given,
});
const task = (name: string, frameworkName = "marathon"): TaskItem => ({
  id: name,
  name,
  frameworkId: "f",
  frameworkName,
  executorId: "",
  agentId: "a",
  hostname: "a",
  state: "TASK_RUNNING",
  isEnded: false,
  ...quantities(1, 100),
});

describe("what leaves a node", () => {
  it("is told by service, and by framework where there is none", () => {
    const tasks = [task("cart.shop"), task("cart.shop"), task("executor", "spark")];
    expect(leavingOf("a", tasks, [node("a"), node("b")])).toEqual({
      count: 3,
      groups: [
        { owner: "/shop/cart", count: 2, cpus: 2, mem: 200 },
        { owner: "spark", count: 1, cpus: 1, mem: 100 },
      ],
      wanted: { cpus: 3, mem: 300 },
      free: { cpus: 3, mem: 800 },
      hasRoom: true,
    });
  });

  it("finds room only on other nodes that take tasks", () => {
    const others = [node("b", { standing: "draining" }), node("c", { state: "disconnected" })];
    expect(leavingOf("a", [task("web")], [node("a"), ...others]).hasRoom).toBe(false);
  });
});
