/** Rows 77 to 79 of the Mesos checklist: quota on a real master, in both encodings, through the older endpoints and a crash. */
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { MasterResponse } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { aTask, postJson, type Reply, type SchedulerClient, scalarOf, send } from "./scheduler-client.ts";

let world: KernelProcesses;
const agents = ["a", "b"];
beforeAll(async () => {
  world = await KernelProcesses.start();
  for (const name of agents) await world.startAgent(name);
}, 240_000);
afterAll(() => world?.close(), 240_000);

let open: SchedulerClient[] = [];
afterEach(async () => {
  for (const scheduler of open.splice(0)) if (!scheduler.isClosed) await scheduler.teardown();
  await update({ role: "sure" }, { role: "small" }, { role: "*" });
});

async function subscribe(role: string): Promise<SchedulerClient> {
  const scheduler = await world.subscribe({ roles: [role], capabilities: [{ type: "MULTI_ROLE" }] });
  open = [...open, scheduler];
  return scheduler;
}

const operator = (call: object): Promise<Reply> => postJson(`${world.masterUrl}/api/v1`, call);

const quantities = (amounts: Readonly<Record<string, number>> = {}) =>
  Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));

interface Config {
  readonly role: string;
  readonly guarantees?: Readonly<Record<string, number>>;
  readonly limits?: Readonly<Record<string, number>>;
}

const update = (...configs: readonly Config[]): Promise<Reply> => updateWith(false, configs);

function updateWith(force: boolean, configs: readonly Config[]): Promise<Reply> {
  const quota_configs = configs.map(({ role, guarantees, limits }) => ({
    role,
    guarantees: quantities(guarantees),
    limits: quantities(limits),
  }));
  return operator({ type: "UPDATE_QUOTA", update_quota: { force, quota_configs } });
}

const cpusOf = (scheduler: SchedulerClient): number =>
  scheduler.offers().reduce((sum, { resources = [] }) => sum + scalarOf(resources, "cpus"), 0);

it("mesos.md§8#77 a role gets its guarantee although others hold everything and want more", async () => {
  const hungry = await subscribe("hungry");
  await eventually("everything is offered to one", () => cpusOf(hungry) === 8);
  expect((await update({ role: "sure", guarantees: { cpus: 6 } })).status).toBe(200);
  // Enough was taken back; what was not needed stays offered.
  await hungry.until("rescinded offers", () => (cpusOf(hungry) <= 4 ? true : undefined));
  const sure = await subscribe("sure");
  await eventually("the guarantee is offered", () => cpusOf(sure) >= 6);
  expect(cpusOf(hungry) + cpusOf(sure)).toBeLessThanOrEqual(8);
});

it("mesos.md§8#78 a role with its children never holds more than its limit, offers included", async () => {
  expect((await update({ role: "small", limits: { cpus: 3, mem: 2000 } })).status).toBe(200);
  const parent = await subscribe("small");
  const child = await subscribe("small/child");
  await eventually("as much as the limit allows", () => cpusOf(parent) + cpusOf(child) === 3);
  const [holder] = cpusOf(parent) > 0 ? [parent] : [child];
  const offer = await (holder as SchedulerClient).offer();
  await (holder as SchedulerClient).launch(offer, aTask("one", offer, { cpus: 1, mem: 100 }));
  const { roles } = (await world.get("/roles")) as {
    readonly roles: readonly {
      readonly name: string;
      readonly quota: { readonly consumed: Readonly<Record<string, number>> };
    }[];
  };
  const small = roles.find(({ name }) => name === "small");
  expect(small?.quota).toMatchObject({ role: "small", guarantee: {}, limit: { cpus: 3, mem: 2000 } });
  expect(small?.quota.consumed["cpus"]).toBeLessThanOrEqual(3);
  const refused = await update({ role: "small", limits: { cpus: 0.5 } });
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("uses 1 cpus already")]);
  expect((await updateWith(true, [{ role: "small", limits: { cpus: 0.5 } }])).status).toBe(200);
  await eventually("nothing is offered above the new limit", () => cpusOf(parent) + cpusOf(child) === 0);
});

it("UPDATE_QUOTA refuses what makes no sense as a whole, and forces what doesn't fit", async () => {
  const tooMuch = await update(
    { role: "small", limits: { cpus: 1 } },
    { role: "sure", guarantees: { cpus: 99 } },
  );
  expect([tooMuch.status, tooMuch.text]).toEqual([400, expect.stringContaining("the cluster has 8")]);
  const nested = await update({ role: "a/b", limits: { cpus: 1 } });
  expect([nested.status, nested.text]).toEqual([400, expect.stringContaining("top-level")]);
  expect((await update({ role: "sure", guarantees: { cpus: 2 }, limits: { cpus: 1 } })).status).toBe(400);
  expect((await update({ role: "sure", guarantees: { cpus: -2 } })).status).toBe(400);
  expect(await world.get("/quota")).toEqual({});
  expect((await updateWith(true, [{ role: "sure", guarantees: { cpus: 99 } }])).status).toBe(200);
});

it("GET_QUOTA answers in JSON and in protobuf, as one library or another reads it", async () => {
  await update({ role: "small", guarantees: { cpus: 1 }, limits: { cpus: 2.5, mem: 512 } });
  const answer = JSON.parse((await operator({ type: "GET_QUOTA" })).text) as MasterResponse;
  expect(answer.get_quota?.status).toEqual({
    infos: [
      { role: "small", guarantee: [{ name: "cpus", type: "SCALAR", scalar: { value: 1 }, role: "*" }] },
    ],
    configs: [
      {
        role: "small",
        guarantees: { cpus: { value: 1 } },
        limits: { cpus: { value: 2.5 }, mem: { value: 512 } },
      },
    ],
  });
  const root = new protobuf.Root();
  const folder = fileURLToPath(new URL("../../../src/contracts/kernel/proto/", import.meta.url));
  root.resolvePath = (_origin, name) => (name.startsWith("google/") ? name : `${folder}${name}`);
  root.loadSync("master.proto", { keepCase: true });
  const call = root.lookupType("mesos.v1.master.Call");
  const response = root.lookupType("mesos.v1.master.Response");
  const post = async (message: object): Promise<Response> => {
    const body = new Uint8Array(call.encode(call.fromObject(message)).finish());
    const type = "application/x-protobuf";
    return fetch(`${world.masterUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": type, accept: type },
      body,
    });
  };
  const quota_configs = [{ role: "small", limits: { cpus: { value: 4 } } }];
  expect((await post({ type: "UPDATE_QUOTA", update_quota: { quota_configs } })).status).toBe(200);
  const bytes = new Uint8Array(await (await post({ type: "GET_QUOTA" })).arrayBuffer());
  const read = response.toObject(response.decode(bytes)) as {
    readonly get_quota: { readonly status: { readonly configs: readonly object[] } };
  };
  expect(read.get_quota.status.configs).toEqual([{ role: "small", limits: { cpus: { value: 4 } } }]);
});

it("the older endpoints set one guarantee, show it and remove it", async () => {
  const guarantee = [{ name: "cpus", type: "SCALAR", scalar: { value: 2 } }];
  const post = (body: object): Promise<Reply> =>
    send(`${world.masterUrl}/quota`, {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  expect((await post({ role: "sure", guarantee })).status).toBe(200);
  expect((await post({ role: "sure", guarantee })).status).toBe(400);
  expect(await world.get("/master/quota")).toMatchObject({
    configs: [{ role: "sure", guarantees: { cpus: { value: 2 } }, limits: { cpus: { value: 2 } } }],
  });
  const wish = { name: "cpus", type: "SCALAR", scalar: { value: 99 } };
  expect((await post({ role: "small", guarantee: [wish] })).status).toBe(409);
  expect((await post({ role: "small", guarantee: [{ name: "cpus" }] })).status).toBe(400);
  const remove = (): Promise<Reply> => send(`${world.masterUrl}/quota/sure`, { method: "DELETE" });
  expect((await remove()).status).toBe(200);
  expect((await remove()).status).toBe(400);
});

it("GET_WEIGHTS and UPDATE_WEIGHTS show and change weights, all of them or none", async () => {
  const weigh = (...weight_infos: readonly object[]): Promise<Reply> =>
    operator({ type: "UPDATE_WEIGHTS", update_weights: { weight_infos } });
  expect((await weigh({ role: "heavy", weight: 2 })).status).toBe(200);
  expect((await weigh({ role: "heavy", weight: 3 }, { role: "other", weight: 0 })).status).toBe(400);
  expect((await weigh({ role: "a b", weight: 1 })).status).toBe(400);
  const { get_weights } = JSON.parse((await operator({ type: "GET_WEIGHTS" })).text) as MasterResponse;
  expect(get_weights?.weight_infos).toEqual([{ role: "heavy", weight: 2 }]);
  const { get_roles } = JSON.parse((await operator({ type: "GET_ROLES" })).text) as MasterResponse;
  expect(get_roles?.roles?.find(({ name }) => name === "heavy")).toEqual({ name: "heavy", weight: 2 });
});

it("mesos.md§8#79 after a crash quota is kept, and nothing is offered before 80 % of the agents are back", async () => {
  expect((await update({ role: "sure", guarantees: { cpus: 2 } })).status).toBe(200);
  await world.killMaster();
  await world.killAgent("b");
  await world.startMaster();
  expect(await world.get("/quota")).toMatchObject({ configs: [{ role: "sure" }] });
  const eager = await subscribe("eager");
  await eventually("one of two agents is back", async () => {
    const { slaves } = (await world.get("/state")) as { readonly slaves: readonly object[] };
    return slaves.length === 1;
  });
  // An agent and a framework are there, which would be reason enough for a run.
  const metrics = (await world.get("/metrics/snapshot")) as Readonly<Record<string, number>>;
  expect(metrics["allocator/mesos/allocation_runs"]).toBe(0);
  expect(eager.offers()).toEqual([]);
  await world.startAgent("b");
  await eventually("all agents are back, and offers come", () => cpusOf(eager) > 0);
}, 240_000);
