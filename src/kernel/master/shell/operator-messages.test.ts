import { expect, it } from "vitest";
import { noStatuses } from "../core/status-history.ts";
import { MasterBench, running } from "../testing.ts";
import { agentMessage, frameworkMessage, taskMessage } from "./operator-messages.ts";

const role = "dev";

it("says of an agent and of a framework what is used and what is offered, and for which role", () => {
  const { bench, id } = running({ role });
  bench.pass(7_000);
  const [agent] = bench.core.state.agents.values();
  const framework = bench.core.state.frameworks.get(id);
  if (agent === undefined || framework === undefined) throw new Error("the bench has one of each");
  for (const { allocated_resources: allocated = [], offered_resources: offered = [] } of [
    agentMessage(agent),
    frameworkMessage(bench.core.state, framework),
  ]) {
    expect(allocated.map(({ name }) => name)).toContain("cpus");
    expect(offered.map(({ name }) => name)).toContain("mem");
    for (const resource of [...allocated, ...offered])
      expect(resource).toMatchObject({ role: "*", allocation_info: { role } });
  }
  expect(agentMessage(agent).total_resources?.[0]).not.toHaveProperty("allocation_info");
});

it("leaves out lists that hold nothing", () => {
  const bench = new MasterBench();
  bench.agent("link", "cpus:1;mem:512", { attributes: [] });
  const { state } = bench.core;
  for (const agent of state.agents.values()) {
    const told = agentMessage(agent);
    for (const name of ["allocated_resources", "offered_resources"]) expect(told).not.toHaveProperty(name);
    expect(told.agent_info).not.toHaveProperty("attributes");
  }
  bench.framework("s");
  bench.pass(2_000);
  expect(bench.offers("s")[0]).not.toHaveProperty("attributes");
  bench.do({ kind: "agentDisconnected", connection: "link" });
  for (const framework of state.frameworks.values())
    for (const name of ["offers", "inverse_offers", "allocated_resources", "offered_resources"])
      expect(frameworkMessage(state, framework)).not.toHaveProperty(name);
  expect([state.agents.size, state.frameworks.size]).toEqual([1, 1]);
});

it("says of a task that nothing was told of it by saying nothing", () => {
  const { bench, id } = running();
  bench.update("link", id, "t", "TASK_RUNNING", "uuid");
  const [task] = [...bench.core.state.agents.values()].flatMap(({ tasks }) => [...tasks]);
  if (task === undefined) throw new Error("the bench has a task");
  expect(taskMessage(task)).toHaveProperty("statuses");
  expect(taskMessage({ ...task, statuses: noStatuses })).not.toHaveProperty("statuses");
});
