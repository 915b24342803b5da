/** Revocable resources: a fixed estimate of an agent is offered to frameworks that take such, and tasks run on it. */
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { KernelProcesses, processesOf } from "./kernel-processes.ts";
import { aTask } from "./scheduler-client.ts";

const agent = {
  resources: "cpus:2;mem:512;disk:100;ports:[31000-31009]",
  revocableResources: "cpus:3;mem:256",
};
let world: KernelProcesses;
beforeAll(async () => {
  world = await KernelProcesses.start();
  await world.startAgent("a", agent);
}, 240_000);
afterAll(() => world?.close(), 240_000);

const multiRole = { type: "MULTI_ROLE" };
const scalar = (name: string, value: number, more: object = {}) => ({
  name,
  type: "SCALAR" as const,
  scalar: { value },
  ...more,
});
const revocable = { revocable: {} };
const revocableOf = ({ resources = [] }: Offer) =>
  resources
    .filter(({ revocable }) => revocable !== undefined)
    .map(({ name, scalar }) => [name, scalar?.value]);

it("mesos.md§8#82 revocable resources go to frameworks with REVOCABLE_RESOURCES only, run tasks, and don't mix with others of their name", async () => {
  const plain = await world.subscribe({ capabilities: [multiRole] });
  expect(revocableOf(await plain.offer())).toEqual([]);
  await plain.teardown();
  const able = await world.subscribe({ capabilities: [multiRole, { type: "REVOCABLE_RESOURCES" }] });
  const offer = await able.offer();
  expect(revocableOf(offer)).toEqual([
    ["cpus", 3],
    ["mem", 256],
  ]);
  const mixed = [scalar("cpus", 1), scalar("cpus", 1, revocable), scalar("mem", 32)];
  const low = [scalar("cpus", 2, revocable), scalar("mem", 64, revocable)];
  await able.launch(
    offer,
    { ...aTask("mixed", offer), resources: mixed },
    { ...aTask("low", offer), resources: low, command: { value: "sleep 100" } },
  );
  expect((await able.status("mixed", "TASK_ERROR")).message).toContain("both revocable and not");
  await able.status("low", "TASK_RUNNING");
  const { slaves } = (await world.get("/state")) as {
    readonly slaves: readonly { readonly resources: object; readonly used_resources: object }[];
  };
  expect(slaves).toMatchObject([
    {
      resources: { cpus: 2, mem: 512, cpus_revocable: 3, mem_revocable: 256 },
      used_resources: { cpus: 0, cpus_revocable: 2, mem_revocable: 64 },
    },
  ]);
  expect(revocableOf(await able.offer())).toEqual([
    ["cpus", 1],
    ["mem", 192],
  ]);
  await able.teardown();
}, 240_000);

it("mesos.md§8#82 a load above the threshold takes back what was lent, and nothing else", async () => {
  const capabilities = [multiRole, { type: "REVOCABLE_RESOURCES" }];
  const lent = [scalar("cpus", 1, revocable), scalar("mem", 64, revocable)];
  const subscribe = (...more: readonly object[]) =>
    world.subscribe({ checkpoint: true, capabilities: [...capabilities, ...more] });
  const plain = await subscribe();
  const aware = await subscribe({ type: "PARTITION_AWARE" });
  const sleep = { command: { value: "sleep 100" } };
  for (const [framework, id] of [
    [plain, "lent"],
    [aware, "lent-too"],
  ] as const) {
    const offer = await framework.offer();
    await framework.launch(offer, { ...aTask(id, offer), resources: lent, ...sleep });
    await framework.status(id, "TASK_RUNNING");
  }
  const offer = await plain.offer();
  await plain.launch(offer, { ...aTask("own", offer), ...sleep });
  await plain.status("own", "TASK_RUNNING");
  // The tasks outlive their agent, which comes back with another mind. Any load is above this.
  await world.killAgent("a");
  const policy = { loadThreshold5Min: -1, qosCorrectionIntervalMs: 100, registrationBackoffMs: 50 };
  await world.startAgent("a", { ...agent, policy });
  for (const [framework, id, state] of [
    [plain, "lent", "TASK_LOST"],
    [aware, "lent-too", "TASK_GONE"],
  ] as const)
    expect(await framework.status(id, state)).toMatchObject({
      reason: "REASON_CONTAINER_PREEMPTED",
      source: "SOURCE_AGENT",
      message: expect.stringContaining("the load over 5 minutes is"),
    });
  expect(processesOf(aware.frameworkId)).toEqual([]);
  expect(processesOf(plain.frameworkId)).not.toEqual([]);
  // What each of the two had comes back by itself.
  const whole = [
    ["cpus", 3],
    ["mem", 256],
  ];
  let again = await aware.offer();
  while (!isDeepStrictEqual(revocableOf(again), whole)) {
    await aware.accept([again], [], 0);
    again = await aware.offer();
  }
  await aware.launch(again, { ...aTask("lent-again", again), resources: lent, ...sleep });
  expect((await aware.status("lent-again", "TASK_GONE")).reason).toBe("REASON_CONTAINER_PREEMPTED");
}, 240_000);
