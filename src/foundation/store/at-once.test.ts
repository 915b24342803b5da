import { expect, it } from "vitest";
import { atOnce } from "./at-once.ts";

it("asks for several at once, never for all of many, and answers in their order", async () => {
  let underWay = 0;
  let most = 0;
  const items = Array.from({ length: 200 }, (_none, index) => index);
  const doubled = await atOnce(items, async (item) => {
    underWay += 1;
    most = Math.max(most, underWay);
    // Later ones are done earlier.
    for (let turns = 200 - item; turns > 0; turns -= 1) await Promise.resolve();
    underWay -= 1;
    return item * 2;
  });
  expect(doubled).toEqual(items.map((item) => item * 2));
  expect(most).toBe(64);
  expect(await atOnce([], () => Promise.reject(new Error("asked for nothing")))).toEqual([]);
});

it("rejects with what one of them rejects with, and asks for no more", async () => {
  const asked: number[] = [];
  const items = Array.from({ length: 200 }, (_none, index) => index);
  const all = atOnce(items, (item) => {
    asked.push(item);
    return item === 3 ? Promise.reject(new Error("the third")) : Promise.resolve(item);
  });
  await expect(all).rejects.toThrow("the third");
  expect(asked).toHaveLength(64);
});
