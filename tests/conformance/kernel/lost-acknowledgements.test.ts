/** F11: acknowledgements and updates that are lost, come twice or in another order, on each of their two ways. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { type Frame, type LinkLine, startLinkLine } from "../../harness/link-line.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { aTask, type SchedulerClient, scalarOf } from "./scheduler-client.ts";

const whole = ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"];
const agent = { policy: { updateRetryMs: 300, updateRetryMaxMs: 1_000, registrationBackoffMs: 50 } };
let world: KernelProcesses;
let line: LinkLine;
let framework: SchedulerClient;
/** All that were launched and told to their end. */
const tasks: string[] = [];

beforeAll(async () => {
  world = await KernelProcesses.start();
  line = await startLinkLine(world.masterUrl);
  await world.startAgent("a", { ...agent, masterUrl: line.url });
  framework = await world.subscribe();
}, 240_000);
afterAll(async () => {
  await world?.close();
  await line?.close();
}, 240_000);

interface Update {
  readonly taskId: string;
  readonly uuid: string;
}
const updateIn = ({ document }: Frame): Update | undefined => {
  if (document.kind !== "statusUpdate") return undefined;
  const { task_id, uuid = "" } = document["status"] as TaskStatus;
  return { taskId: task_id.value, uuid };
};
const acknowledgedIn = ({ document }: Frame): string | undefined =>
  document.kind === "acknowledge" ? String(document["uuid"]) : undefined;

/** Each uuid at its first coming, in that order. */
const inOrder = (uuids: readonly string[]): readonly string[] => [...new Set(uuids)];

/** Whatever came again, nothing came again after what follows it. */
function expectNoWayBack(uuids: readonly string[]): void {
  const runs = uuids.filter((uuid, index) => uuid !== uuids[index - 1]);
  expect(runs).toEqual(inOrder(uuids));
}

/** Short tasks, as many as an acknowledgement can be among. */
async function launch(prefix: string): Promise<readonly string[]> {
  const ids = Array.from({ length: 5 }, (_, index) => `${prefix}-${index}`);
  // Not what one ended task left, which may be offered by itself.
  const offer = await framework.offer(({ resources }) => scalarOf(resources, "cpus") >= 0.5);
  await framework.launch(offer, ...ids.map((id) => aTask(id, offer, { command: "true", cpus: 0.1 })));
  tasks.push(...ids);
  return ids;
}

const statesOf = (taskId: string): readonly string[] => {
  const first = new Map(framework.statuses(taskId).map(({ uuid = "", state = "" }) => [uuid, state]));
  return [...first.values()];
};

interface AgentState {
  readonly frameworks: readonly { readonly executors: readonly { readonly id: string }[] }[];
}

/** The agent keeps an ended task among its live ones until the last of its updates is acknowledged. */
async function nothingIsLeft(ids: readonly string[]): Promise<void> {
  await eventually("the agent has all acknowledgements", async () => {
    const answer = await fetch(`${world.agentUrl("a")}/state`);
    const { frameworks } = (await answer.json()) as AgentState;
    return !frameworks.some(({ executors }) => executors.some(({ id }) => ids.includes(id)));
  });
}

describe("every task has one history, told whole and in order, though", { timeout: 120_000 }, () => {
  it("reliability.md§4#F11 between agent and master the first of each update and of each acknowledgement is lost, and all others come twice", async () => {
    const lost = new Set<string>();
    const told = new Map<string, string[]>();
    line.treat = (frame) => {
      const update = updateIn(frame);
      const uuid = update?.uuid ?? acknowledgedIn(frame);
      if (uuid === undefined) return [frame.document];
      if (update !== undefined) told.set(update.taskId, [...(told.get(update.taskId) ?? []), uuid]);
      const key = `${frame.from} ${uuid}`;
      if (lost.has(key)) return [frame.document, frame.document];
      lost.add(key);
      return [];
    };
    const ids = await launch("lossy");
    for (const id of ids) await framework.status(id, "TASK_FINISHED");
    await nothingIsLeft(ids);
    for (const id of ids) {
      expect(statesOf(id)).toEqual(whole);
      expectNoWayBack(framework.statuses(id).map(({ uuid = "" }) => uuid));
      const sent = told.get(id) ?? [];
      expectNoWayBack(sent);
      // The one that was lost, the one whose acknowledgement was, and no more but what a retry overtook.
      expect(sent.length).toBeGreaterThanOrEqual(2 * whole.length);
    }
  });

  it("reliability.md§4#F11 acknowledgements come to the agent late, among those of others, and again after the next", async () => {
    const held: Frame["document"][] = [];
    const before: Frame["document"][] = [];
    line.treat = (frame) => {
      if (acknowledgedIn(frame) === undefined) return [frame.document];
      held.push(frame.document);
      if (held.length < 5) return [];
      const newestFirst = held.splice(0).reverse();
      const again = before.splice(0);
      before.push(...newestFirst);
      return [...newestFirst, ...again];
    };
    const ids = await launch("shuffled");
    for (const id of ids) await framework.status(id, "TASK_FINISHED");
    line.treat = (frame) => [...(frame.from === "master" ? held.splice(0).reverse() : []), frame.document];
    await nothingIsLeft(ids);
    expect(before).not.toEqual([]);
    for (const id of ids) {
      expect(statesOf(id)).toEqual(whole);
      expectNoWayBack(framework.statuses(id).map(({ uuid = "" }) => uuid));
    }
  });

  it("reliability.md§4#F11 the scheduler's are lost, come twice, and again when the task is over", async () => {
    framework.acknowledges = false;
    const ids = await launch("forgetful");
    for (const state of whole)
      for (const id of ids) {
        // The first is as good as lost: only what is told again is acknowledged.
        const status = await framework.until(`${state} again`, () => {
          const [, second] = framework.statuses(id).filter((each) => each.state === state);
          return second;
        });
        const older = framework.statuses(id).filter(({ uuid }) => uuid !== status.uuid);
        for (const each of [status, ...older, status]) await framework.acknowledge(each);
      }
    await nothingIsLeft(ids);
    framework.acknowledges = true;
    for (const id of ids) {
      expect(statesOf(id)).toEqual(whole);
      expectNoWayBack(framework.statuses(id).map(({ uuid = "" }) => uuid));
      for (const status of framework.statuses(id)) await framework.acknowledge(status);
    }
  });

  it("reliability.md§4#F11 what was acknowledged is not told again, whatever reason there is to tell everything", async () => {
    const before = new Map(tasks.map((id) => [id, framework.statuses(id).length]));
    expect(before.size).toBeGreaterThan(10);
    const again: string[] = [];
    line.treat = (frame) => {
      again.push(updateIn(frame)?.taskId ?? "");
      return [frame.document];
    };
    await world.killAgent("a");
    await world.startAgent("a", { ...agent, masterUrl: line.url });
    let other = "";
    for (let round = 0, state = ""; state !== "TASK_FINISHED"; round += 1) {
      [other = ""] = await launch(`after-${round}`);
      // Lost, when the offer was one of before the agent's death.
      ({ state = "" } = await framework.status(other, ["TASK_FINISHED", "TASK_LOST"]));
    }
    expect(again).toContain(other);
    expect(again.filter((id) => before.has(id))).toEqual([]);
    for (const [id, count] of before) expect(framework.statuses(id)).toHaveLength(count);
  });
});
