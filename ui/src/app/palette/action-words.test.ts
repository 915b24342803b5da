import { describe, expect, it } from "vitest";
import { actionWords, type Verb } from "./action-words.ts";

const verbs: readonly Verb<string>[] = [
  { action: "restart", spellings: ["重启", "chongqi", "cq"] },
  { action: "resume", spellings: ["恢复", "huifu", "hf"] },
  { action: "restart", spellings: ["restart"] },
];

describe("an act in what is typed", () => {
  it.each([
    ["restart cart", ["restart"], "cart"],
    ["shop cart REST", ["restart"], "shop cart"],
    ["重启 cart", ["restart"], "cart"],
    ["chongq cart", ["restart"], "cart"],
    ["cq cart", ["restart"], "cart"],
  ])("%s", (words, actions, rest) => {
    expect(actionWords(words, verbs)).toEqual({ actions, rest });
  });

  it.each(["", "restart", "cart shop", "r cart"])("is not in %j", (words) => {
    expect(actionWords(words, verbs)).toBeUndefined();
  });
});
