/** Row 83 of the Mesos checklist, by the v1 and the v0 API: windows, inverse offers, machines that go down and come up. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InverseOffer } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { aTask, postJson, type SchedulerClient } from "./scheduler-client.ts";

const machine = { hostname: "kept.test", ip: "127.0.0.1" };
const absent = { hostname: "NOWHERE.test", ip: "10.9.9.9" };
const start = 4_000_000_000_000_000_000;
const unavailability = { start: { nanoseconds: start }, duration: { nanoseconds: 3_600e9 } };
const windows = [
  { machine_ids: [machine], unavailability },
  { machine_ids: [absent], unavailability: { start: { nanoseconds: start + 1e9 } } },
];

let world: KernelProcesses;
let operator: OperatorCalls;
beforeAll(async () => {
  world = await KernelProcesses.start();
  operator = new OperatorCalls(world.masterUrl);
  await world.startAgent("kept");
}, 240_000);
afterAll(() => world?.close(), 240_000);

const post = (path: string, body: unknown) => postJson(`${world.masterUrl}${path}`, body);
const ok = { status: 200, text: "" };
const refused = (text: string) => ({ status: 400, text: expect.stringContaining(text) });
const agents = async () =>
  ((await world.get("/slaves")) as { readonly slaves: readonly { readonly id: string }[] }).slaves;

/** The newest question that the framework has not answered. */
async function inverse(scheduler: SchedulerClient, after = 0): Promise<InverseOffer> {
  return scheduler.until("an inverse offer", () =>
    scheduler.events.flatMap(({ inverse_offers: told }) => told?.inverse_offers ?? []).at(after),
  );
}

describe("maintenance", { timeout: 240_000 }, () => {
  it("mesos.md§8#83 a schedule shows in offers, frameworks are asked and answer, machines go down and come up", async () => {
    const scheduler = await world.subscribe({
      capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }],
    });
    const first = await scheduler.offer();
    expect(first).not.toHaveProperty("unavailability");
    await scheduler.launch(first, aTask("stays", first));
    await scheduler.status("stays", "TASK_RUNNING");
    const held = await scheduler.offer();

    expect(await operator.call("UPDATE_MAINTENANCE_SCHEDULE", { schedule: { windows } })).toMatchObject(ok);
    expect((await operator.read("GET_MAINTENANCE_SCHEDULE")).get_maintenance_schedule).toEqual({
      schedule: { windows },
    });
    expect(await operator.readProtobuf("GET_MAINTENANCE_SCHEDULE")).toMatchObject({
      get_maintenance_schedule: {
        schedule: { windows: [{ machine_ids: [machine] }, { machine_ids: [absent] }] },
      },
    });
    expect(await world.get("/maintenance/schedule")).toEqual({ windows });
    await scheduler.until("RESCIND", () =>
      scheduler.events.find(({ rescind }) => rescind?.offer_id.value === held.id.value),
    );
    expect(await scheduler.offer()).toMatchObject({ unavailability });

    const asked = await inverse(scheduler);
    expect(asked).toMatchObject({ agent_id: first.agent_id, unavailability });
    expect(asked).toMatchObject({ url: first.url });
    expect((await operator.read("GET_FRAMEWORKS")).get_frameworks?.frameworks).toMatchObject([
      { inverse_offers: [{ id: asked.id }] },
    ]);
    const said = async () =>
      (await operator.read("GET_MAINTENANCE_STATUS")).get_maintenance_status?.status.draining_machines;
    const answer = (ids: readonly InverseOffer["id"][]) => ({
      inverse_offer_ids: ids,
      filters: { refuse_seconds: 0 },
    });
    expect(await said()).toMatchObject([
      { id: machine, statuses: [] },
      { id: absent, statuses: [] },
    ]);
    await scheduler.call("DECLINE_INVERSE_OFFERS", { decline_inverse_offers: answer([asked.id]) });
    const framework_id = { value: scheduler.frameworkId };
    await eventually(
      "the refusal is known",
      async () => (await said())?.[0]?.statuses?.[0]?.status === "DECLINE",
    );
    const again = await inverse(scheduler, 1);
    await scheduler.call("ACCEPT_INVERSE_OFFERS", {
      accept_inverse_offers: { inverse_offer_ids: [again.id], filters: { refuse_seconds: 600 } },
    });
    await eventually(
      "the consent is known",
      async () => (await said())?.[0]?.statuses?.[0]?.status === "ACCEPT",
    );
    expect(await said()).toMatchObject([{ statuses: [{ framework_id, status: "ACCEPT" }] }, {}]);
    expect(await world.get("/maintenance/status")).toMatchObject({
      draining_machines: [{ id: machine }, {}],
    });

    // Nothing has happened by itself.
    expect(scheduler.statuses("stays").at(-1)?.state).toBe("TASK_RUNNING");
    expect(await operator.call("START_MAINTENANCE", { machines: [machine] })).toMatchObject(ok);
    expect(await scheduler.status("stays", "TASK_LOST")).toMatchObject({ reason: "REASON_AGENT_REMOVED" });
    expect((await operator.read("GET_MAINTENANCE_STATUS")).get_maintenance_status?.status).toMatchObject({
      down_machines: [machine],
      draining_machines: [{ id: absent }],
    });
    expect(await agents()).toEqual([]);

    // It is refused, also by the next master and however often it starts.
    await world.agentEnded("kept");
    await world.killMaster();
    await world.startMaster();
    const starting = world.startAgent("kept");
    await eventually("the agent has asked", async () => {
      const metrics = (await world.get("/metrics/snapshot")) as Readonly<Record<string, number>>;
      return (metrics["master/messages_register_slave"] ?? 0) > 0;
    });
    expect(await agents()).toEqual([]);
    expect(
      (await operator.read("GET_MAINTENANCE_STATUS")).get_maintenance_status?.status.down_machines,
    ).toEqual([machine]);
    expect(await post("/machine/up", [{ hostname: "KEPT.test", ip: "127.0.0.1" }])).toMatchObject(ok);
    await starting;
    expect(await agents()).toHaveLength(1);
    expect(await world.get("/maintenance/schedule")).toEqual({ windows: [windows[1]] });
    await scheduler.send("TEARDOWN").catch(() => undefined);
  });

  it("mesos.md§8#83 what makes no sense is refused, and an empty schedule ends it", async () => {
    expect(
      await post("/maintenance/schedule", { windows: [{ machine_ids: [], unavailability }] }),
    ).toMatchObject(refused("at least one machine"));
    expect(await post("/maintenance/schedule", { windows: [{ machine_ids: [machine] }] })).toMatchObject(
      refused("unavailability"),
    );
    expect(await post("/maintenance/schedule", { windows: [windows[1], windows[1]] })).toMatchObject(
      refused("in the schedule twice"),
    );
    expect(await post("/machine/down", [machine])).toMatchObject(refused("not in the maintenance schedule"));
    expect(await post("/machine/up", [machine])).toMatchObject(refused("is not down"));
    expect(await post("/machine/down", {})).toMatchObject(refused("an array of machines"));
    expect(await post("/maintenance/schedule", { windows })).toMatchObject(ok);
    const [agent] = await agents();
    expect(await operator.call("DRAIN_AGENT", { agent_id: { value: agent?.id } })).toMatchObject(
      refused("in the maintenance schedule"),
    );
    expect(await post("/machine/down", [absent])).toMatchObject(ok);
    expect(await post("/maintenance/schedule", {})).toMatchObject(refused("is down and must stay"));
    expect(await post("/machine/up", [{ ...absent, hostname: "nowhere.test" }])).toMatchObject(ok);
    expect(await post("/maintenance/schedule", {})).toMatchObject(ok);
    expect(await world.get("/maintenance/schedule")).toEqual({ windows: [] });
  });
});
