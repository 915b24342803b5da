/** Frameworks that mean ill, or are broken, beside one that is neither: it is served all along, and nothing grows. */
import { readdirSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { aTask, frameworkInfo, type SchedulerClient, send } from "./scheduler-client.ts";

const agent = { resources: "cpus:64;mem:16384;disk:1000;ports:[31000-31099]" };
const year = 31_536_000;
let world: KernelProcesses;
let neighbour: SchedulerClient;
let served = 0;

beforeAll(async () => {
  world = await KernelProcesses.start({ offerTimeoutMs: 1_000 });
  await world.startAgent("a", agent);
  neighbour = await world.subscribe({ name: "neighbour", roles: ["neighbour"] });
  await neighbourIsServed();
}, 240_000);
afterAll(() => world?.close(), 240_000);

/** It gets an offer when it wants one, and its task runs to its end. */
async function neighbourIsServed(): Promise<void> {
  await neighbour.call("REVIVE");
  for (let state = ""; state !== "TASK_FINISHED"; ) {
    served += 1;
    const id = `served-${served}`;
    const offer = await neighbour.offer();
    await neighbour.launch(offer, aTask(id, offer, { command: "true" }));
    // Lost, when the offer timed out on the way.
    ({ state } = await neighbour.status(id, ["TASK_FINISHED", "TASK_LOST"]));
  }
  await neighbour.rest();
}

const sockets = (): number => readdirSync(`/proc/${world.masterPid}/fd`).length;
function residentMib(pid = world.masterPid): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) / 1024;
}

interface Frameworks {
  readonly frameworks: readonly { readonly id: string; readonly active: boolean }[];
  readonly completed_frameworks: readonly { readonly id: string }[];
}

describe("beside a framework that", { timeout: 90_000 }, () => {
  let before: number;
  beforeEach(() => {
    before = sockets();
  });
  const socketsAreBack = (): Promise<unknown> =>
    eventually("the master's sockets are closed again", async () => sockets() <= before + 5);

  it("reliability.md§5#A40 hoards every offer another is served as soon as the offers time out", async () => {
    const hoarder = await world.subscribe({ name: "hoarder", roles: ["hoarder"] });
    await hoarder.until("an offer", () => hoarder.offers()[0]);
    await neighbourIsServed();
    await hoarder.until("a rescind", () => hoarder.events.find(({ type }) => type === "RESCIND"));
    await hoarder.teardown();
  });

  it("reliability.md§5#A40 acknowledges nothing another is served, and what its tasks held is free", async () => {
    const mute = await world.subscribe({ name: "mute", roles: ["mute"] });
    mute.acknowledges = false;
    const offer = await mute.offer();
    const tasks = Array.from({ length: 40 }, (_, index) =>
      aTask(`mute-${index}`, offer, { command: "true", cpus: 1 }),
    );
    await mute.launch(offer, ...tasks);
    for (const { task_id } of tasks) await mute.status(task_id.value, "TASK_STARTING");
    await eventually("nothing of them is held", async () => {
      const { slaves } = (await world.get("/state")) as {
        readonly slaves: readonly { readonly used_resources: { readonly cpus: number } }[];
      };
      return slaves[0]?.used_resources.cpus === 0;
    });
    await neighbourIsServed();
    // What comes again is the first, never what waits behind it.
    expect(new Set(mute.statuses("mute-0").map(({ state }) => state))).toEqual(new Set(["TASK_STARTING"]));
    await mute.teardown();
  });

  it("reliability.md§5#A40 subscribes over and over there is one stream of it, and others of its end", async () => {
    const first = await world.subscribe({ name: "restless", roles: ["restless"] });
    const again = () => world.subscribe({ name: "restless" }, { frameworkId: first.frameworkId });
    const rounds = [first];
    for (let round = 0; round < 20; round += 1)
      rounds.push(...(await Promise.all(Array.from({ length: 10 }, again))));
    const open = await eventually("one stream is left", async () => {
      const left = rounds.filter(({ isClosed }) => !isClosed);
      return left.length === 1 ? left : false;
    });
    const heard = rounds.filter(({ events }) => events.some(({ type }) => type === "ERROR"));
    expect(heard.length).toBe(rounds.length - 1);
    await neighbourIsServed();
    await open[0]?.teardown();
    await socketsAreBack();
  });

  it("reliability.md§5#A40 comes as somebody new each time the ended ones are forgotten but for fifty", async () => {
    for (let round = 0; round < 12; round += 1) {
      const guests = await Promise.all(
        Array.from({ length: 10 }, () => world.subscribe({ name: "guest", failover_timeout: 0 })),
      );
      for (const guest of guests) guest.drop();
    }
    const left = await eventually("they are gone", async () => {
      const state = (await world.get("/frameworks")) as Frameworks;
      return state.frameworks.length === 1 && state;
    });
    expect(left.completed_frameworks.length).toBeLessThanOrEqual(50);
    await neighbourIsServed();
    await socketsAreBack();
  });

  it("reliability.md§5#A40 declines for a year, or for longer than there are numbers, others are offered what it left", async () => {
    const picky = await world.subscribe({ name: "picky", roles: ["picky"] });
    for (const seconds of [year, 1e300]) {
      await picky.decline(await picky.offer(), seconds);
      await neighbourIsServed();
      await picky.call("REVIVE");
    }
    await picky.offer();
    await picky.teardown();
  });

  it("reliability.md§5#A40 reliability.md§5#A27 sends a million tasks in one ACCEPT: what is too long is refused while it comes", async () => {
    const greedy = await world.subscribe({ name: "greedy", roles: ["greedy"] });
    const offer = await greedy.offer();
    const task = JSON.stringify({ name: "t", task_id: { value: "t" }, agent_id: offer.agent_id });
    const status = await new Promise<number>((resolve, reject) => {
      const call = httpRequest(
        greedy.url,
        {
          method: "POST",
          headers: { "content-type": "application/json", "mesos-stream-id": greedy.streamId },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
          call.destroy();
        },
      );
      call.on("error", reject);
      call.write(
        `{"type":"ACCEPT","framework_id":{"value":"${greedy.frameworkId}"},"accept":{"offer_ids":[${JSON.stringify(offer.id)}],"operations":[{"type":"LAUNCH","launch":{"task_infos":[${task}`,
      );
      let left = 1_000_000;
      const block = `,${task}`.repeat(1_000);
      const push = (): void => {
        for (; left > 0 && !call.destroyed; left -= 1_000)
          if (!call.write(block)) return void call.once("drain", push);
      };
      push();
    });
    expect(status).toBe(413);
    await neighbourIsServed();
    await greedy.teardown();
  });

  it("reliability.md§5#A40 sends as many as fit, each is judged and the others wait no longer than that", async () => {
    const greedy = await world.subscribe({ name: "greedy", roles: ["greedy"] });
    const offer = await greedy.offer();
    const count = 30_000;
    const tasks = Array.from({ length: count }, (_, index) => ({
      name: "t",
      task_id: { value: `g${index}` },
      agent_id: offer.agent_id,
      command: { value: "true" },
    }));
    await greedy.launch(offer, ...tasks);
    await neighbourIsServed();
    await greedy.until("an end of it", () =>
      greedy.isClosed || greedy.statuses(`g${count - 1}`).length > 0 ? true : undefined,
    );
    await send(`${world.masterUrl}/teardown`, { body: `frameworkId=${greedy.frameworkId}` });
    await neighbourIsServed();
  });

  it("reliability.md§4#F15 never reads its stream: it is let go, and the master has not grown for it", async () => {
    const beforeMib = residentMib();
    const deaf = httpRequest(
      `${world.masterUrl}/api/v1/scheduler`,
      { method: "POST", headers: { "content-type": "application/json" }, agent: false },
      (response) => response.pause(),
    );
    let isGone = false;
    deaf.on("error", () => {
      isGone = true;
    });
    deaf.end(
      JSON.stringify({
        type: "SUBSCRIBE",
        subscribe: { framework_info: frameworkInfo({ name: "deaf", roles: ["deaf"] }) },
      }),
    );
    const [streamId, frameworkId] = await new Promise<[string, string]>((resolve, reject) => {
      deaf.once("response", (response) => {
        const id = String(response.headers["mesos-stream-id"]);
        response.once("error", () => {
          isGone = true;
        });
        response.once("close", () => {
          isGone = true;
        });
        world
          .get("/frameworks")
          .then(
            ({ frameworks }: { readonly frameworks: readonly { name: string; id: string }[] }) =>
              resolve([id, frameworks.find(({ name }) => name === "deaf")?.id ?? ""]),
            reject,
          );
      });
    });
    // What it asks for is what it does not read.
    const tasks = Array.from({ length: 20_000 }, (_, index) => ({ task_id: { value: `unknown-${index}` } }));
    const asked = JSON.stringify({
      type: "RECONCILE",
      framework_id: { value: frameworkId },
      reconcile: { tasks },
    });
    const headers = { "content-type": "application/json", "mesos-stream-id": streamId };
    let refused = false;
    for (let round = 0; round < 40 && !refused; round += 1) {
      const { status } = await send(`${world.masterUrl}/api/v1/scheduler`, { headers, body: asked });
      refused = status !== 202;
    }
    expect(refused).toBe(true);
    const { frameworks } = (await world.get("/frameworks")) as Frameworks;
    expect(frameworks.find(({ id }) => id === frameworkId)).toMatchObject({ active: false });
    await neighbourIsServed();
    deaf.destroy();
    await eventually("its end is seen", async () => isGone);
    await send(`${world.masterUrl}/teardown`, { body: `frameworkId=${frameworkId}` });
    // 128 MiB may wait for it, in records of a few hundred bytes.
    expect(residentMib() - beforeMib).toBeLessThan(512);
    await socketsAreBack();
  });
});
