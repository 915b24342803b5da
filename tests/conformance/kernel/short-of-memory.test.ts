/** F14: a master that has little memory is sent more than it could hold. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelProcesses } from "./kernel-processes.ts";

const heapMegabytes = 96;
const senders = 24;
let world: KernelProcesses;
beforeAll(async () => {
  world = await KernelProcesses.start();
  await world.killMaster();
  world.masterArguments = [`--max-old-space-size=${heapMegabytes}`];
  await world.startMaster();
}, 240_000);
afterAll(() => world?.close(), 240_000);

it("reliability.md§4#F14 a master takes large calls one after another, whoever sends them, and does not run out of memory", {
  timeout: 240_000,
}, async () => {
  const body = JSON.stringify({
    type: "UPDATE_WEIGHTS",
    update_weights: {
      weight_infos: Array.from({ length: 16_000 }, (_, n) => ({
        role: `${n}${"x".repeat(240)}`,
        weight: 2,
      })),
    },
  });
  expect(body.length).toBeGreaterThan(4_000_000);
  const send = async (): Promise<string> => {
    const answer = await fetch(`${world.masterUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    return `${answer.status} ${await answer.text()}`;
  };
  const answers = new Set(await Promise.all(Array.from({ length: senders }, send)));
  expect(answers).toEqual(new Set(["200 "]));
  expect(world.isMasterAlive).toBe(true);
});
