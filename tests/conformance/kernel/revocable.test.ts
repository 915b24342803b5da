/** Revocable resources: a fixed estimate of an agent is offered to frameworks that take such, and tasks run on it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { aTask } from "./scheduler-client.ts";

let world: KernelProcesses;
beforeAll(async () => {
  world = await KernelProcesses.start();
  await world.startAgent("a", {
    resources: "cpus:2;mem:512;disk:100;ports:[31000-31009]",
    revocableResources: "cpus:3;mem:256",
  });
}, 60_000);
afterAll(() => world?.close(), 60_000);

const multiRole = { type: "MULTI_ROLE" };
const revocableOf = ({ resources = [] }: Offer) =>
  resources
    .filter(({ revocable }) => revocable !== undefined)
    .map(({ name, scalar }) => [name, scalar?.value]);

it("go to frameworks with REVOCABLE_RESOURCES only, run tasks, and don't mix with others of their name", async () => {
  const plain = await world.subscribe({ capabilities: [multiRole] });
  expect(revocableOf(await plain.offer())).toEqual([]);
  await plain.teardown();
  const able = await world.subscribe({ capabilities: [multiRole, { type: "REVOCABLE_RESOURCES" }] });
  const offer = await able.offer();
  expect(revocableOf(offer)).toEqual([
    ["cpus", 3],
    ["mem", 256],
  ]);
  const scalar = (name: string, value: number, more: object = {}) => ({
    name,
    type: "SCALAR" as const,
    scalar: { value },
    ...more,
  });
  const revocable = { revocable: {} };
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
}, 60_000);
