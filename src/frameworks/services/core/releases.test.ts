/** What instances with volumes leave behind: it is given back, whatever happens between. */
import { describe, expect, it } from "vitest";
import type { OperationState } from "#contracts/kernel/messages.gen.ts";
import { kindsOf, ResidentAgent, taskOf } from "./testing/resident-agent.ts";
import type { World } from "./testing/world.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const releasesOf = ({ store }: World): readonly string[] =>
  [...store.keys()].filter((key) => key.startsWith("releases/"));
const rolesOf = ({ core }: World): readonly string[] => core.queries.frameworkInfo().roles ?? [];
const revived = ({ master }: World): number =>
  master.calls.filter(({ revive }) => revive?.roles?.includes("shop") === true).length;

/** In a role that nothing but its one app needs: this ran, and was removed. Nothing was given back yet. */
function left(): { readonly agent: ResidentAgent; readonly before: string } {
  const agent = new ResidentAgent({ role: "shop", ownRole: "services" });
  const before = String(agent.total);
  agent.put({ id: "/shop/db" });
  const task = taskOf(agent.offer());
  agent.tell(task, "TASK_RUNNING");
  agent.remove("/shop/db");
  agent.tell(task, "TASK_KILLED");
  return { agent, before };
}

describe("what an instance leaves behind", () => {
  it("is a record, and the role stays until the agent says that it is gone", () => {
    const { agent, before } = left();
    const { world } = agent;
    expect(releasesOf(world)).toHaveLength(1);
    expect(rolesOf(world)).toEqual(["services", "shop"]);
    expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
    expect(String(agent.total)).toBe(before);
    expect(releasesOf(world)).toHaveLength(1);
    agent.tellEnds("OPERATION_FINISHED");
    expect(releasesOf(world)).toEqual([]);
    expect(rolesOf(world)).toEqual(["services"]);
    const acknowledged = world.master.calls.filter(({ type }) => type === "ACKNOWLEDGE_OPERATION_STATUS");
    expect(acknowledged).toMatchObject([
      { acknowledge_operation_status: { uuid: "AAAA", agent_id: { value: "agent-1" } } },
    ]);
    expect(world.core.check()).toEqual([]);
  });

  it.each([
    ["between two steps", (world: World) => world.crash()],
    [
      "between a step's writes and its effects",
      (world: World) => {
        world.losesNextEffects = true;
      },
    ],
  ] as const)(
    "is given back by a process that comes after one that died %s, wherever that was",
    (_when, die) => {
      for (let death = 0; death < 12; death += 1) {
        const agent = new ResidentAgent({ role: "shop", ownRole: "services" });
        const { world } = agent;
        const before = String(agent.total);
        let task = "";
        const launch = (): void => {
          task = taskOf(agent.offer()) || task;
        };
        const steps: readonly (() => void)[] = [
          () => agent.put({ id: "/shop/db" }),
          launch,
          () => agent.tell(task, "TASK_RUNNING"),
          () => agent.remove("/shop/db"),
          () => agent.tell(task, "TASK_KILLED"),
          () => world.pass(1_000),
          () => void agent.offer(),
          () => agent.tellEnds("OPERATION_FINISHED"),
          () => world.pass(1_000),
          () => world.pass(130_000),
          () => void agent.offer(),
        ];
        for (const [index, step] of steps.entries()) {
          if (index === death) die(world);
          step();
          expect(world.core.check(), `death ${death}, step ${index}`).toEqual([]);
        }
        // What the process that died was told is told again: the agent waits for an acknowledgement.
        for (let round = 0; round < 6; round += 1) {
          world.drain();
          if (task !== "" && world.core.queries.allTasks().length > 0) agent.tell(task, "TASK_KILLED");
          agent.offer();
          agent.tellEnds("OPERATION_FINISHED");
          if (world.core.queries.app("/shop/db") !== undefined) agent.remove("/shop/db");
          world.pass(130_000);
        }
        expect(String(agent.total), `death ${death}`).toBe(before);
        expect(releasesOf(world), `death ${death}`).toEqual([]);
        expect(rolesOf(world), `death ${death}`).toEqual(["services"]);
      }
    },
  );

  it("is asked for when its agent comes back after hours, and costs little until then", () => {
    const { agent, before } = left();
    const { world } = agent;
    world.pass(5 * hourMs);
    expect(rolesOf(world)).toEqual(["services", "shop"]);
    const asked = revived(world);
    world.pass(10 * hourMs);
    expect(revived(world) - asked).toBeLessThanOrEqual(10 * 7);
    expect(revived(world) - asked).toBeGreaterThanOrEqual(10);
    expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
    agent.tellEnds("OPERATION_FINISHED");
    expect(String(agent.total)).toBe(before);
    expect(rolesOf(world)).toEqual(["services"]);
  });

  it("is let go after a week, when its agent never comes back", () => {
    const { agent } = left();
    const { world } = agent;
    world.pass(6 * dayMs);
    world.crash();
    world.drain();
    expect(releasesOf(world)).toHaveLength(1);
    world.pass(1.1 * dayMs);
    expect(releasesOf(world)).toEqual([]);
    expect(rolesOf(world)).toEqual(["services"]);
    // Should it come back all the same, it is given back when it is seen.
    expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
    agent.tellEnds("OPERATION_FINISHED");
    expect(releasesOf(world)).toEqual([]);
  });

  it("is let go when an operator has given the agent up", () => {
    const { agent } = left();
    const { world } = agent;
    world.master.unknownOperations = "OPERATION_GONE_BY_OPERATOR";
    world.pass(1.1 * hourMs);
    expect(releasesOf(world)).toEqual([]);
    expect(rolesOf(world)).toEqual(["services"]);
  });

  it.each<OperationState>(["OPERATION_DROPPED", "OPERATION_FAILED"])(
    "is asked for again, ever less often, after %s",
    (end) => {
      const { agent, before } = left();
      const { world } = agent;
      const gaps: number[] = [];
      let askedAt = world.now;
      for (let second = 0; second < 400; second += 1) {
        if (agent.offer({ isLost: true }).length > 0) {
          gaps.push(world.now - askedAt);
          askedAt = world.now;
          const [call] = world.master.calls.filter(({ accept }) => accept !== undefined).slice(-1);
          for (const operation of call?.accept?.operations ?? [])
            agent.tellEnd({ operation, agentId: "agent-1" }, end);
        }
        world.pass(1_000);
      }
      expect(gaps.map((gap) => gap / 1_000)).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 120, 120]);
      world.pass(120_000);
      expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
      agent.tellEnds("OPERATION_FINISHED");
      expect(String(agent.total)).toBe(before);
      expect(releasesOf(world)).toEqual([]);
    },
  );

  it("goes without the word of a master that wants no ids on operations", () => {
    const { agent, before } = left();
    const { world } = agent;
    const [, refused] = agent.offer({ isLost: true });
    if (refused !== undefined) agent.tellEnd({ operation: refused, agentId: "agent-1" }, "OPERATION_ERROR");
    world.pass(2_000);
    const operations = agent.offer();
    expect(operations.map(({ id }) => id)).toEqual([undefined, undefined]);
    expect(String(agent.total)).toBe(before);
    agent.offer();
    // It may still be on its way.
    expect(releasesOf(world)).toHaveLength(1);
    world.pass(120_000);
    agent.offer();
    expect(releasesOf(world)).toEqual([]);
  });

  it("is not taken for gone by an offer while the agent has not said so", () => {
    const { agent } = left();
    const { world } = agent;
    agent.offer();
    world.pass(300_000);
    agent.offer();
    expect(releasesOf(world)).toHaveLength(1);
    agent.tellEnds("OPERATION_UNKNOWN");
    agent.offer();
    expect(releasesOf(world)).toEqual([]);
  });

  it("is judged by offers when nobody knows whether the master heard of the operation", () => {
    const { agent } = left();
    const { world } = agent;
    agent.offer();
    const call = world.master.calls.findLast(({ accept }) => accept !== undefined);
    if (call !== undefined) world.apply({ kind: "callFailed", call });
    agent.offer();
    expect(releasesOf(world)).toHaveLength(1);
    world.pass(120_000);
    agent.offer();
    expect(releasesOf(world)).toEqual([]);
  });

  it("is given back a second time, whatever is told late of the first", () => {
    const agent = new ResidentAgent({ role: "shop", ownRole: "services" });
    const { world } = agent;
    const before = String(agent.total);
    agent.put({ id: "/shop/db" });
    const giveUp = (): void => {
      const operations = agent.offer({ isLost: true });
      agent.tell(taskOf(operations), "TASK_LOST");
      world.pass(30_000);
      // The call was only late.
      agent.perform(operations);
    };
    giveUp();
    const first = agent.offer({ isLost: true }).find(({ id }) => id !== undefined);
    const task = world.core.queries.allTasks()[0]?.id ?? "";
    agent.tell(task, "TASK_LOST");
    world.pass(30_000);
    agent.remove("/shop/db");
    if (first !== undefined) agent.tellEnd({ operation: first, agentId: "agent-1" }, "OPERATION_FINISHED");
    expect(releasesOf(world)).toHaveLength(1);
    world.crash();
    world.drain();
    expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
    agent.tellEnds("OPERATION_FINISHED");
    expect(String(agent.total)).toBe(before);
    expect(releasesOf(world)).toEqual([]);
  });
});

describe("a reservation that came late", () => {
  it("is given back on another agent than its instance's", () => {
    const agent = new ResidentAgent();
    agent.put();
    const lost = agent.offer({ isLost: true });
    agent.tell(taskOf(lost), "TASK_LOST");
    agent.world.pass(60_000);
    const before = String(agent.total);
    agent.tell(taskOf(agent.offer({ agentId: "agent-2" })), "TASK_RUNNING");
    agent.perform(lost);
    expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
    expect(String(agent.total)).toBe(before);
    agent.tellEnds("OPERATION_FINISHED");
    expect(releasesOf(agent.world)).toEqual([]);
    expect(agent.world.core.check()).toEqual([]);
  });

  it("is given back on its instance's own agent, and what the instance has is left alone", () => {
    const agent = new ResidentAgent();
    agent.put();
    const lost = agent.offer({ isLost: true });
    agent.tell(taskOf(lost), "TASK_LOST");
    agent.world.pass(60_000);
    const second = agent.offer();
    agent.tell(taskOf(second), "TASK_RUNNING");
    const [volume] = second.flatMap(({ create }) => create?.volumes ?? []);
    agent.perform(lost);
    agent.world.pass(20_000);
    agent.tell(taskOf(second), "TASK_FAILED");
    agent.world.pass(60_000);
    expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE", "LAUNCH"]);
    const volumes = agent.total.entries.flatMap(({ disk }) => disk?.persistence?.id ?? []);
    expect(volumes).toEqual([volume?.disk?.persistence?.id]);
    const reserved = agent.total.filter(({ reservations }) => reservations.length > 0);
    expect(reserved.scalarMillis("cpus")).toBe(500);
  });

  it("never came: nobody waits for it once offers of its agent are without it", () => {
    const agent = new ResidentAgent({ role: "shop", ownRole: "services" });
    const { world } = agent;
    agent.put({ id: "/shop/db" });
    const lost = agent.offer({ isLost: true });
    agent.tell(taskOf(lost), "TASK_LOST");
    agent.remove("/shop/db");
    expect(releasesOf(world)).toHaveLength(1);
    agent.offer({ agentId: "agent-2" });
    world.pass(119_000);
    agent.offer();
    expect(releasesOf(world)).toHaveLength(1);
    world.pass(1_000);
    agent.offer({ agentId: "agent-2" });
    expect(releasesOf(world)).toHaveLength(1);
    agent.offer();
    expect(releasesOf(world)).toEqual([]);
    expect(rolesOf(world)).toEqual(["services"]);
  });

  it("is a record from when it is seen, though none was made of it before", () => {
    const { agent, before } = left();
    const { world } = agent;
    // What an earlier build did not store.
    for (const key of releasesOf(world)) world.store.delete(key);
    world.crash();
    world.drain();
    expect(kindsOf(agent.offer({ isLost: true }))).toEqual(["DESTROY", "UNRESERVE"]);
    world.crash();
    world.drain();
    expect(rolesOf(world)).toEqual(["services", "shop"]);
    expect(kindsOf(agent.offer())).toEqual(["DESTROY", "UNRESERVE"]);
    agent.tellEnds("OPERATION_FINISHED");
    expect(String(agent.total)).toBe(before);
    expect(rolesOf(world)).toEqual(["services"]);
  });
});
