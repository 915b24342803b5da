/** Rows 21, 65 to 67, 71 and 72 of the Mesos checklist: reservations by frameworks and operators, and what is told of them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Offer, Resource } from "#contracts/kernel/messages.gen.ts";
import { decodeProtobuf, encodeProtobuf } from "#contracts/kernel/protobuf-codec.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import {
  create,
  launch,
  operationStatuses,
  refining,
  reserve,
  reservedFor,
  scalar,
  slave,
  taskOn,
  unreserve,
  volume,
} from "./reserved-resources.ts";
import { postJson, type SchedulerClient, scalarOf, send } from "./scheduler-client.ts";

let world: KernelProcesses;
let open: SchedulerClient[] = [];
const quickly = { policy: { registrationBackoffMs: 50, registrationBackoffMaxMs: 500, updateRetryMs: 300 } };
beforeAll(async () => {
  world = await KernelProcesses.start();
  await world.startAgent("a", { resources: "cpus:4;mem:1024;disk:500", ...quickly });
  await world.startAgent("static", {
    resources: "cpus:1;mem:64;disk:0;cpus(ops):2;mem(ops):128",
    ...quickly,
  });
}, 240_000);
afterAll(() => world?.close(), 240_000);
afterEach(async () => {
  for (const scheduler of open.splice(0)) if (!scheduler.isClosed) await scheduler.teardown();
});

async function subscribe(role: string, info: object = {}): Promise<SchedulerClient> {
  const scheduler = await world.subscribe({ roles: [role], ...refining, ...info });
  open = [...open, scheduler];
  return scheduler;
}
const of = (name: string) => (offer: Offer) => offer.hostname === `${name}.test`;
const rolesOf = ({ resources = [] }: Offer): readonly string[] =>
  resources.map(({ reservations = [] }) => reservations.map(({ role }) => role).join(">"));
const operator = (body: object) => postJson(`${world.masterUrl}/api/v1`, body);

/** Everything that is dynamically reserved on the agent goes, so that tests do not see each other's. */
async function free(name: string): Promise<void> {
  for (;;) {
    const { id, reserved_resources_full: reserved } = await slave(world, name);
    const resources = Object.values(reserved)
      .flat()
      .filter(({ reservations = [] }) => reservations.at(-1)?.type === "DYNAMIC");
    if (resources.length === 0) return;
    const volumes = resources.filter(({ disk }) => disk?.persistence !== undefined);
    const form = (field: string, given: readonly Resource[]): string =>
      new URLSearchParams({ slaveId: id, [field]: JSON.stringify(given) }).toString();
    const { status, text } = await (volumes.length > 0
      ? send(`${world.masterUrl}/destroy-volumes`, { body: form("volumes", volumes) })
      : send(`${world.masterUrl}/unreserve`, { body: form("resources", resources) }));
    if (status !== 202)
      throw new Error(`agent ${name} keeps ${JSON.stringify(resources)}: ${status} ${text}`);
  }
}

describe("reservations by frameworks", () => {
  it("mesos.md§8#21 RESERVE, CREATE and LAUNCH in one ACCEPT; in the other order they fail, and say so", async () => {
    const scheduler = await subscribe("web");
    const offer = await scheduler.offer(of("a"));
    const kept = [scalar("cpus", 0.5, reservedFor("web")), scalar("mem", 64, reservedFor("web"))];
    await scheduler.accept(
      [offer],
      [
        reserve(...kept, scalar("disk", 50, reservedFor("web"))),
        create(volume("web", "v", 50)),
        launch(
          taskOn("first", offer, "echo kept > data/file && sleep 1000", [...kept, volume("web", "v", 50)]),
        ),
      ],
      0,
    );
    await scheduler.status("first", "TASK_RUNNING");
    expect((await slave(world, "a")).used_resources_full).toContainEqual(
      expect.objectContaining({ disk: expect.objectContaining({ persistence: { id: "v" } }) }),
    );
    const other = await scheduler.offer(of("a"));
    const more = [scalar("cpus", 0.25, reservedFor("web")), volume("web", "w", 20)];
    await scheduler.accept(
      [other],
      [
        launch(taskOn("second", other, "true", more)),
        { ...create(volume("web", "w", 20)), id: { value: "create" } },
        { ...reserve(scalar("disk", 20, reservedFor("web"))), id: { value: "reserve" } },
      ],
      0,
    );
    expect(await scheduler.status("second", "TASK_ERROR")).toMatchObject({ reason: "REASON_TASK_INVALID" });
    const told = await scheduler.until("both statuses", () => {
      const statuses = operationStatuses(scheduler);
      return statuses.length >= 2 ? statuses : undefined;
    });
    expect(told.map(({ operation_id: id, state }) => [id?.value, state])).toEqual([
      ["create", "OPERATION_ERROR"],
      ["reserve", "OPERATION_FINISHED"],
    ]);
    await scheduler.kill("first");
    await scheduler.status("first", "TASK_KILLED");
    await scheduler.teardown();
    await free("a");
  });

  it("mesos.md§8#65 static and dynamic ones are offered to their role alone, also after master and agent died", async () => {
    const mine = await subscribe("ops");
    const offer = await mine.offer(of("a"));
    await mine.accept(
      [offer],
      [reserve(scalar("cpus", 1, reservedFor("ops")), scalar("mem", 100, reservedFor("ops")))],
      0,
    );
    const both = async (scheduler: SchedulerClient): Promise<readonly number[]> => {
      const [a, fixed] = [await scheduler.offer(of("a")), await scheduler.offer(of("static"))];
      return [a, fixed].map(({ resources }) => scalarOf(resources, "cpus"));
    };
    expect(await both(mine)).toEqual([4, 3]);
    await mine.teardown();
    const others = await subscribe("web");
    expect(await both(others)).toEqual([3, 1]);
    await others.teardown();
    await world.killMaster();
    await world.killAgent("a");
    await world.startMaster();
    await world.startAgent("a", { resources: "cpus:4;mem:1024;disk:500", ...quickly });
    await eventually(
      "both agents are back",
      async () => (await slave(world, "static")).id !== "" && (await slave(world, "a")).id !== "",
    );
    const again = await subscribe("web");
    expect(await both(again)).toEqual([3, 1]);
    await again.teardown();
    const back = await subscribe("ops");
    const offers = [await back.offer(of("a")), await back.offer(of("static"))];
    expect(offers.map(({ resources }) => scalarOf(resources, "cpus"))).toEqual([4, 3]);
    expect(offers.map((each) => rolesOf(each).includes("ops"))).toEqual([true, true]);
    await back.teardown();
    await free("a");
  });

  it("mesos.md§8#66 a role below refines a reservation, and unreserving gives it back to the role above", async () => {
    const { id } = await slave(world, "a");
    const above = scalar("cpus", 2, reservedFor("eng"));
    const reserved = {
      type: "RESERVE_RESOURCES",
      reserve_resources: { agent_id: { value: id }, resources: [above] },
    };
    expect((await operator(reserved)).status).toBe(202);
    const scheduler = await subscribe("eng/dev");
    const refined = scalar("cpus", 2, reservedFor("eng", "eng/dev"));
    await scheduler.accept([await scheduler.offer(of("a"))], [reserve(refined)], 0);
    const offer = await scheduler.offer(of("a"));
    expect(rolesOf(offer)).toContain("eng>eng/dev");
    expect((await slave(world, "a")).reserved_resources["eng/dev"]?.["cpus"]).toBe(2);
    await scheduler.accept([offer], [unreserve(refined)], 0);
    const popped = await scheduler.offer(of("a"));
    expect(rolesOf(popped)).toContain("eng");
    expect(rolesOf(popped)).not.toContain("eng>eng/dev");
    await scheduler.call("DECLINE", { decline: { offer_ids: [popped.id], filters: { refuse_seconds: 0 } } });
    await scheduler.rest();
    const parent = await subscribe("eng");
    expect(rolesOf(await parent.offer(of("a")))).toContain("eng");
    await parent.teardown();
    await scheduler.teardown();
    await free("a");
  });

  it("mesos.md§8#67 two sets of labels stay two reservations", async () => {
    const scheduler = await subscribe("web");
    const labelled = (value: string): Resource =>
      scalar("cpus", 1, {
        reservations: [{ type: "DYNAMIC", role: "web", labels: { labels: [{ key: "of", value }] } }],
      });
    await scheduler.accept([await scheduler.offer(of("a"))], [reserve(labelled("x"), labelled("y"))], 0);
    const offer = await scheduler.offer(of("a"));
    const reserved = (offer.resources ?? []).filter(({ reservations = [] }) => reservations.length > 0);
    expect(reserved.map(({ scalar: amount }) => amount?.value)).toEqual([1, 1]);
    expect(
      reserved.map(({ reservations = [] }) => reservations[0]?.labels?.labels?.[0]?.value).sort(),
    ).toEqual(["x", "y"]);
    const { reserved_resources_full: full } = await slave(world, "a");
    expect(full["web"]).toHaveLength(2);
    // What both hold together is in neither.
    await scheduler.accept(
      [offer],
      [{ ...unreserve({ ...labelled("x"), scalar: { value: 2 } }), id: { value: "u" } }],
      0,
    );
    await scheduler.until("the refusal", () =>
      operationStatuses(scheduler).find(({ state }) => state === "OPERATION_ERROR"),
    );
    await scheduler.teardown();
    await free("a");
  });

  it("mesos.md§8#72 an operation with an id is told FINISHED until acknowledged, and reconciled; without one it is quiet", async () => {
    const scheduler = await subscribe("web");
    const offer = await scheduler.offer(of("a"));
    await scheduler.accept(
      [offer],
      [
        { ...reserve(scalar("cpus", 1, reservedFor("web"))), id: { value: "named" } },
        reserve(scalar("mem", 10, reservedFor("web"))),
        { ...reserve(scalar("mem", 10, reservedFor("nobody"))), id: { value: "wrong" } },
      ],
      0,
    );
    const of_ = (name: string) =>
      operationStatuses(scheduler).filter(({ operation_id: id }) => id?.value === name);
    const [first, second] = await scheduler.until("FINISHED, twice", () =>
      of_("named").length >= 2 ? of_("named") : undefined,
    );
    expect(first).toMatchObject({
      state: "OPERATION_FINISHED",
      agent_id: offer.agent_id,
      converted_resources: [{ name: "cpus", scalar: { value: 1 } }],
    });
    expect(Buffer.from(first?.uuid?.value ?? "", "base64")).toHaveLength(16);
    expect(second).toEqual(first);
    expect(of_("wrong")).toMatchObject([{ state: "OPERATION_ERROR" }]);
    expect(of_("wrong")[0]?.uuid).toBeUndefined();
    expect(new Set(operationStatuses(scheduler).map(({ operation_id: id }) => id?.value))).toEqual(
      new Set(["named", "wrong"]),
    );
    const listed = (await operator({ type: "GET_OPERATIONS" })).text;
    expect(JSON.parse(listed)).toMatchObject({
      get_operations: {
        operations: [
          {
            framework_id: { value: scheduler.frameworkId },
            info: { type: "RESERVE", id: { value: "named" } },
            latest_status: { state: "OPERATION_FINISHED" },
          },
        ],
      },
    });
    const reconcile = async (id: string): Promise<string | undefined> => {
      const before = of_(id).length;
      await scheduler.call("RECONCILE_OPERATIONS", {
        reconcile_operations: { operations: [{ operation_id: { value: id }, agent_id: offer.agent_id }] },
      });
      return scheduler.until("the answer", () => of_(id)[before]?.state);
    };
    expect(await reconcile("named")).toBe("OPERATION_FINISHED");
    await scheduler.call("ACKNOWLEDGE_OPERATION_STATUS", {
      acknowledge_operation_status: {
        operation_id: { value: "named" },
        agent_id: offer.agent_id,
        uuid: first?.uuid?.value,
      },
    });
    expect(await reconcile("named")).toBe("OPERATION_UNKNOWN");
    const agentOperations = async (): Promise<unknown> =>
      JSON.parse((await postJson(`${world.agentUrl("a")}/api/v1`, { type: "GET_OPERATIONS" })).text);
    await eventually("the agent forgot it", async () => {
      const { get_operations: found } = (await agentOperations()) as {
        readonly get_operations: { readonly operations?: readonly unknown[] };
      };
      return (found.operations ?? []).length === 0;
    });
    await scheduler.teardown();
    await free("a");
  });
});

describe("reservations by operators", () => {
  it("mesos.md§8#71 are accepted with 202, shown in the _full fields, and conflict with 409, in every form", async () => {
    const scheduler = await subscribe("web");
    const offer = await scheduler.offer(of("a"));
    await scheduler.launch(
      offer,
      taskOn("busy", offer, "sleep 1000", [scalar("cpus", 2), scalar("mem", 32)]),
    );
    await scheduler.status("busy", "TASK_RUNNING");
    // An offer is in the way: it is taken back.
    const outstanding = await scheduler.until("the rest of the agent", () =>
      scheduler.offers().find(of("a")),
    );
    const { id } = await slave(world, "a");
    const agent = { agent_id: { value: id } };
    const disk = scalar("disk", 100, reservedFor("web"));
    const json = { type: "RESERVE_RESOURCES", reserve_resources: { ...agent, resources: [disk] } };
    expect((await operator(json)).status).toBe(202);
    await scheduler.until("the rescind", () =>
      scheduler.events.find(({ rescind }) => rescind?.offer_id.value === outstanding.id.value),
    );
    const protobuf = encodeProtobuf("MasterCall", {
      type: "CREATE_VOLUMES",
      create_volumes: { ...agent, volumes: [volume("web", "p", 40)] },
    });
    const created = await fetch(`${world.masterUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf", accept: "application/x-protobuf" },
      body: Buffer.from(protobuf),
    });
    expect(created.status).toBe(202);
    const form = (field: string, resources: readonly Resource[]) => ({
      body: new URLSearchParams({ slaveId: id, [field]: JSON.stringify(resources) }).toString(),
    });
    const oldFormat = { ...scalar("mem", 16), role: "web", reservation: {} };
    expect((await send(`${world.masterUrl}/reserve`, form("resources", [oldFormat]))).status).toBe(202);
    const small = volume("web", "q", 10);
    expect((await send(`${world.masterUrl}/master/create-volumes`, form("volumes", [small]))).status).toBe(
      202,
    );
    const { reserved_resources_full: full, unreserved_resources_full: rest } = await slave(world, "a");
    const seen = (full["web"] ?? []).map(({ name, disk: of_, scalar: amount }) => [
      name,
      of_?.persistence?.id,
      amount?.value,
    ]);
    expect(seen).toEqual(
      expect.arrayContaining([
        ["disk", undefined, 50],
        ["disk", "p", 40],
        ["disk", "q", 10],
        ["mem", undefined, 16],
      ]),
    );
    expect(full["web"]?.find(({ name }) => name === "mem")).toMatchObject({
      role: "web",
      reservation: {},
      reservations: [{ type: "DYNAMIC", role: "web" }],
    });
    expect(rest.find(({ name }) => name === "disk")?.scalar?.value).toBe(400);
    const total = await postJson(`${world.masterUrl}/api/v1`, { type: "GET_AGENTS" });
    expect(total.text).toContain('"persistence":{"id":"p"}');
    const answer = await fetch(`${world.masterUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/x-protobuf" },
      body: JSON.stringify({ type: "GET_AGENTS" }),
    });
    const decoded = decodeProtobuf("MasterResponse", new Uint8Array(await answer.arrayBuffer()));
    expect(JSON.stringify(decoded.get_agents)).toContain('"persistence":{"id":"p"}');
    // Three of the four cpus are not there: two are in use.
    const tooMuch = scalar("cpus", 3, reservedFor("web"));
    const conflict = { type: "RESERVE_RESOURCES", reserve_resources: { ...agent, resources: [tooMuch] } };
    expect((await operator(conflict)).status).toBe(409);
    expect((await send(`${world.masterUrl}/reserve`, form("resources", [tooMuch]))).status).toBe(409);
    const nobody = {
      type: "RESERVE_RESOURCES",
      reserve_resources: { agent_id: { value: "x" }, resources: [disk] },
    };
    expect(await operator(nobody)).toMatchObject({
      status: 400,
      text: expect.stringContaining("No agent found"),
    });
    const badly: readonly (readonly [string, string])[] = [
      ["", "slaveId"],
      [`slaveId=${id}`, "resources"],
      [`slaveId=${id}&resources=nothing`, "resources"],
    ];
    for (const [body, says] of badly)
      expect(await send(`${world.masterUrl}/reserve`, { body }), body).toMatchObject({
        status: 400,
        text: expect.stringContaining(says),
      });
    const grow = {
      type: "GROW_VOLUME",
      grow_volume: {
        ...agent,
        volume: volume("web", "p", 40),
        addition: scalar("disk", 5, reservedFor("web")),
      },
    };
    expect((await operator(grow)).status).toBe(202);
    const shrink = {
      type: "SHRINK_VOLUME",
      shrink_volume: { ...agent, volume: volume("web", "p", 45), subtract: { value: 20 } },
    };
    expect((await operator(shrink)).status).toBe(202);
    const end = { type: "DESTROY_VOLUMES", destroy_volumes: { ...agent, volumes: [volume("web", "p", 25)] } };
    expect((await operator(end)).status).toBe(202);
    expect((await operator(end)).status).toBe(400);
    await scheduler.teardown();
    await free("a");
    expect((await slave(world, "a")).reserved_resources_full).toEqual({});
  });
});
