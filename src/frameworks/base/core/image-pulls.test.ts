import { describe, expect, it } from "vitest";
import type { ImagePullItem } from "#contracts/kernel/own-endpoints.ts";
import { text } from "#contracts/messages/messages.ts";
import { pullOf, pullParameters } from "./image-pulls.ts";

const mib = 1_048_576;
const pull = (changes: Partial<ImagePullItem> = {}): ImagePullItem => ({
  taskId: "b",
  frameworkId: "f",
  containerId: "c",
  image: "shop/web:1",
  phase: "fetching",
  doneBytes: 120 * mib,
  totalBytes: 310 * mib,
  ...changes,
});
const { totalBytes: _total, ...sizeless } = pull();

it("of several tasks the first that waits for its image counts", () => {
  const pulls = new Map([["b", pull()]]);
  expect(pullOf(pulls, ["a", "b"])).toEqual(pull());
  expect(pullOf(pulls, ["a"])).toBeUndefined();
  expect(pullOf(undefined, ["b"])).toBeUndefined();
});

describe("the sentence of a pull", () => {
  it.each<[ImagePullItem, string, string]>([
    [
      pull(),
      "1 instance waits on node-1 for its image: pulling shop/web:1, 120 of 310 MiB, for 7 s",
      "1 个实例在 node-1 上等待镜像：正在拉取 shop/web:1，已拉取 120 / 310 MiB，已 7 秒",
    ],
    [
      sizeless,
      "1 instance waits on node-1 for its image: pulling shop/web:1, 120 MiB so far, for 7 s",
      "1 个实例在 node-1 上等待镜像：正在拉取 shop/web:1，已拉取 120 MiB，已 7 秒",
    ],
    [
      pull({ phase: "waiting", doneBytes: 0 }),
      "1 instance waits on node-1 for its image: shop/web:1 is pulled after others, for 7 s",
      "1 个实例在 node-1 上等待镜像：shop/web:1 排在其他镜像之后拉取，已 7 秒",
    ],
    [
      pull({ phase: "unpacking" }),
      "1 instance waits on node-1 for its image: shop/web:1 is pulled and is being unpacked, for 7 s",
      "1 个实例在 node-1 上等待镜像：shop/web:1 已拉取，正在解包，已 7 秒",
    ],
  ])("%j", (item, en, zh) => {
    const parameters = { count: 1, host: "node-1", seconds: 7, ...pullParameters(item) };
    expect(text("en", "reasons.pullingImage", parameters)).toBe(en);
    expect(text("zh", "reasons.pullingImage", parameters)).toBe(zh);
  });

  it("what has come is told in whole MiB below, what is to come in whole ones above", () => {
    expect(pullParameters(pull({ doneBytes: 1.9 * mib, totalBytes: 2.1 * mib }))).toMatchObject({
      done: 1,
      total: 3,
    });
  });
});
