/** Rows 17, 18, 24, 25, 27 to 29, 31 and 80 of the Mesos checklist: offers that a real master makes of real agents. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { expectAtBest } from "../../harness/figures.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { aTask, type SchedulerClient, scalarOf } from "./scheduler-client.ts";

/** Long enough for an allocation run, which is made every second. */
const quietMs = 1_600;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let world: KernelProcesses;
let open: SchedulerClient[] = [];
beforeAll(async () => {
  world = await KernelProcesses.start();
  const common = "disk:1000;ports:[31000-31009]";
  await world.startAgent("a", { resources: `cpus:4;mem:2048;${common}`, attributes: "rack:r1;level:3" });
  await world.startAgent("b", { resources: `cpus:4;mem:2048;${common}` });
  const inX = "cpus(x):1;mem(x):64;disk(x):10;ports(x):[31000-31001]";
  await world.startAgent("reserved", { resources: `${inX};cpus(y):2;mem(y):128` });
  await world.startAgent("graphics", { resources: "cpus:1;mem:256;gpus:1" });
}, 240_000);
afterAll(() => world?.close(), 240_000);
afterEach(async () => {
  for (const scheduler of open.splice(0)) if (!scheduler.isClosed) await scheduler.teardown();
});

async function subscribe(...options: Parameters<KernelProcesses["subscribe"]>): Promise<SchedulerClient> {
  const scheduler = await world.subscribe(...options);
  open = [...open, scheduler];
  return scheduler;
}

const of = (name: string) => (offer: Offer) => offer.hostname === `${name}.test`;
const hostsOf = (offers: readonly Offer[]): readonly string[] =>
  offers.map(({ hostname }) => hostname.replace(".test", "")).sort();
const capable = (...types: readonly string[]) => ({ capabilities: types.map((type) => ({ type })) });

describe("what an offer holds", () => {
  interface Facts {
    readonly id: string;
    readonly slaves: readonly { readonly id: string; readonly hostname: string; readonly port: number }[];
  }

  it.each([
    ["MULTI_ROLE", { roles: ["web"], ...capable("MULTI_ROLE") }, true],
    ["no capability", { roles: undefined, role: "web", capabilities: [] }, false],
  ])("mesos.md§8#17 for a framework with %s", async (_name, info, isMultiRole) => {
    const scheduler = await subscribe(info);
    const offer = await scheduler.offer(of("a"));
    const { id, slaves } = (await world.get("/state")) as Facts;
    const agent = slaves.find(({ hostname }) => hostname === "a.test");
    const port = Number(new URL(world.agentUrl("a")).port);
    expect(offer).toMatchObject({
      id: { value: expect.stringMatching(new RegExp(`^${id}-O\\d+$`)) },
      framework_id: { value: scheduler.frameworkId },
      agent_id: { value: agent?.id },
      hostname: "a.test",
      url: { scheme: "http", address: { hostname: "a.test", ip: "127.0.0.1", port }, path: "/slave(1)" },
      attributes: [
        { name: "rack", type: "TEXT", text: { value: "r1" } },
        { name: "level", type: "SCALAR", scalar: { value: 3 } },
      ],
    });
    expect(offer.allocation_info).toEqual(isMultiRole ? { role: "web" } : undefined);
    const { resources = [] } = offer;
    for (const { name, allocation_info } of resources)
      expect(allocation_info, name).toEqual(isMultiRole ? { role: "web" } : undefined);
    expect(resources.map(({ name }) => name).sort()).toEqual(["cpus", "disk", "mem", "ports"]);
    expect(["cpus", "mem", "disk"].map((name) => scalarOf(resources, name))).toEqual([4, 2048, 1000]);
    expect(resources.find(({ name }) => name === "ports")).toMatchObject({
      type: "RANGES",
      ranges: { range: [{ begin: 31000, end: 31009 }] },
    });
    const all = scheduler.events.flatMap(({ offers }) => offers?.offers ?? []);
    expect(new Set(all.map((each) => each.id.value)).size).toBe(all.length);
  });

  it("mesos.md§8#18 a reservation is a role without RESERVATION_REFINEMENT, and a stack with it", async () => {
    const roles = { roles: ["x"] };
    const old = await subscribe({ ...roles, ...capable("MULTI_ROLE") });
    const { resources: plain = [] } = await old.offer(of("reserved"));
    expect(plain).toHaveLength(4);
    for (const { name, role, reservations } of plain)
      expect([role, reservations], name).toEqual(["x", undefined]);
    const unreserved = await old.offer(of("a"));
    expect(unreserved.resources?.every(({ role }) => role === "*")).toBe(true);
    await old.teardown();
    const refined = await subscribe({ ...roles, ...capable("MULTI_ROLE", "RESERVATION_REFINEMENT") });
    const { resources: stacked = [] } = await refined.offer(of("reserved"));
    expect(stacked).toHaveLength(4);
    for (const { name, role, reservation, reservations } of stacked) {
      expect([role, reservation], name).toEqual([undefined, undefined]);
      expect(reservations, name).toMatchObject([{ type: "STATIC", role: "x" }]);
    }
    const free = await refined.offer(of("a"));
    expect(
      free.resources?.every(({ role, reservations = [] }) => role === undefined && reservations.length === 0),
    ).toBe(true);
  });

  it("mesos.md§8#80 an agent with gpus is offered only to a framework that can use them", async () => {
    const plain = await subscribe();
    await plain.offer(of("a"));
    await pause(quietMs);
    expect(plain.events.flatMap(({ offers }) => hostsOf(offers?.offers ?? []))).not.toContain("graphics");
    const able = await subscribe(capable("MULTI_ROLE", "GPU_RESOURCES"));
    expect(scalarOf((await able.offer(of("graphics"))).resources, "gpus")).toBe(1);
  });
});

describe("offers in one ACCEPT", () => {
  it("mesos.md§8#24 of several agents, or for several roles, are refused together", async () => {
    const scheduler = await subscribe({ roles: ["x", "y"], ...capable("MULTI_ROLE", "PARTITION_AWARE") });
    const refusedTogether = async (task: string, one: Offer, other: Offer): Promise<void> => {
      await scheduler.accept([one, other], [{ type: "LAUNCH", launch: { task_infos: [aTask(task, one)] } }]);
      expect(await scheduler.status(task, "TASK_DROPPED")).toMatchObject({
        source: "SOURCE_MASTER",
        reason: "REASON_INVALID_OFFERS",
      });
      // Both offers are over, and come back as new ones.
      for (const { agent_id, id, allocation_info } of [one, other])
        await scheduler.until("the resources again", () =>
          scheduler
            .offers()
            .find(
              (each) =>
                each.agent_id.value === agent_id.value &&
                (one.hostname !== other.hostname || each.allocation_info?.role === allocation_info?.role) &&
                each.id.value !== id.value,
            ),
        );
    };
    await refusedTogether("two-agents", await scheduler.offer(of("a")), await scheduler.offer(of("b")));
    const inRole = (role: string) => (offer: Offer) =>
      of("reserved")(offer) && offer.allocation_info?.role === role;
    await refusedTogether(
      "two-roles",
      await scheduler.offer(inRole("x")),
      await scheduler.offer(inRole("y")),
    );
  });
});

describe("refusals", () => {
  it("mesos.md§8#25 what was declined stays away for its time, and goes to another framework", async () => {
    const first = await subscribe();
    const declined = await first.offer(of("a"));
    const start = performance.now();
    await first.decline(declined, 4);
    const second = await subscribe();
    await second.offer(of("a"));
    await second.teardown();
    await first.offer(of("a"));
    expect(performance.now() - start).toBeGreaterThan(3_900);
  });

  it("mesos.md§8#27 0 means no refusal, less than 0 the usual 5 s, and for ever is not too long", async () => {
    const scheduler = await subscribe();
    let again = await scheduler.offer(of("a"));
    // A busy machine may be slow once; the usual 5 s would be there each time.
    await expectAtBest(4_500, async () => {
      const declinedAt = performance.now();
      await scheduler.decline(again, 0);
      again = await scheduler.offer(of("a"));
      return performance.now() - declinedAt;
    });
    await scheduler.decline(await scheduler.offer(of("b")), 1e12);
    const start = performance.now();
    await scheduler.decline(again, -7);
    await scheduler.offer(of("a"));
    expect(performance.now() - start).toBeGreaterThan(4_900);
    await pause(quietMs);
    expect(hostsOf(scheduler.offers())).toEqual([]);
    await scheduler.call("REVIVE");
    await scheduler.offer(of("b"));
  });

  it("mesos.md§8#28 a role is offered nothing while it is suppressed, and at once when it is revived", async () => {
    const roles = ["x", "y"];
    const scheduler = await subscribe({ roles }, { suppressed: roles });
    await pause(quietMs);
    expect(scheduler.offers()).toEqual([]);
    await scheduler.call("REVIVE", { revive: { roles: ["x"] } });
    const offer = await scheduler.offer(of("a"));
    await scheduler.offer(of("b"));
    await pause(quietMs);
    const inRoles = scheduler.events.flatMap(({ offers }) => offers?.offers ?? []);
    expect(new Set(inRoles.map(({ allocation_info }) => allocation_info?.role))).toEqual(new Set(["x"]));
    await scheduler.call("SUPPRESS", { suppress: { roles: ["x"] } });
    await scheduler.decline(offer, 0);
    await pause(quietMs);
    expect(scheduler.offers().filter(of("a"))).toEqual([]);
    await scheduler.call("REVIVE");
    await scheduler.offer(of("a"));
    await scheduler.call("SUPPRESS");
    const count = scheduler.events.length;
    await pause(quietMs);
    expect(scheduler.events.slice(count).filter(({ type }) => type === "OFFERS")).toEqual([]);
    // What was offered before is not taken back.
    expect(scheduler.events.filter(({ type }) => type === "RESCIND")).toEqual([]);
  });

  it("mesos.md§8#29 leftovers under the least that a framework, or the master, finds useful are not offered", async () => {
    const quantities = [{ quantities: { cpus: { value: 3.5 } } }];
    const choosy = await subscribe({ offer_filters: { "*": { min_allocatable_resources: { quantities } } } });
    const whole = await choosy.offer(of("a"));
    await choosy.launch(whole, aTask("one", whole, { cpus: 1, mem: 48 }));
    await choosy.status("one", "TASK_RUNNING");
    await choosy.call("REVIVE");
    await pause(quietMs);
    expect(hostsOf(choosy.offers())).toEqual(["b"]);
    const modest = await subscribe();
    const left = await modest.offer(of("a"));
    expect(scalarOf(left.resources, "cpus")).toBe(3);
    await modest.launch(left, aTask("two", left, { cpus: 2.995, mem: 1984 }));
    await modest.status("two", "TASK_RUNNING");
    await modest.call("REVIVE");
    await pause(quietMs);
    expect(modest.offers().filter(of("a"))).toEqual([]);
    await modest.kill("two");
    expect(scalarOf((await modest.offer(of("a"))).resources, "cpus")).toBe(3);
  });
});

it("mesos.md§8#31 an offer is rescinded when its agent stops, and is of no use then", async () => {
  await world.startAgent("spare");
  const scheduler = await subscribe(capable("MULTI_ROLE", "PARTITION_AWARE"));
  const offer = await scheduler.offer(of("spare"));
  const kept = await scheduler.offer(of("a"));
  await world.killAgent("spare");
  await scheduler.until("the rescinding", () =>
    scheduler.events.find(({ rescind }) => rescind?.offer_id.value === offer.id.value),
  );
  expect(scheduler.events.filter(({ type }) => type === "RESCIND")).toHaveLength(1);
  await scheduler.launch(offer, aTask("late", offer));
  expect((await scheduler.status("late", "TASK_DROPPED")).reason).toBe("REASON_INVALID_OFFERS");
  await scheduler.launch(kept, aTask("here", kept));
  await scheduler.status("here", "TASK_RUNNING");
});
