import { describe, expect, it } from "vitest";
import { bestOf, rank } from "./matching.ts";
import { pinyinOf } from "./pinyin.ts";

const item = (...haystacks: string[]) => ({ haystacks });

describe("the search palette", () => {
  it.each([
    ["", true],
    ["cart", true],
    ["shop cart", true],
    ["CART", true],
    ["cart nothing", false],
  ])("%j finds /shop/cart: %s", (words, found) => {
    expect(rank(item("/shop/cart"), words) > 0).toBe(found);
  });

  it("puts what begins with the word first", () => {
    const items = [item("restart web"), item("start here"), item("settings")];
    expect(bestOf(items, "start", 5).map(({ haystacks }) => haystacks[0])).toEqual([
      "start here",
      "restart web",
    ]);
  });

  it("finds Chinese by pinyin, whole and by initials", async () => {
    const haystacks = ["服务", ...(await pinyinOf("服务"))];
    expect(haystacks).toContain("fuwu");
    expect(haystacks).toContain("fw");
    expect(rank({ haystacks }, "fuw") > 0).toBe(true);
    expect(rank({ haystacks }, "jd") > 0).toBe(false);
  });

  it("judges each of 10,000 titles once", () => {
    let judged = 0;
    const items = Array.from({ length: 10_000 }, (_none, at) => ({
      get haystacks() {
        judged += 1;
        return [`/team-${at % 40}/service-${at}`];
      },
    }));
    expect(bestOf(items, "team-7 9", 10)).toHaveLength(10);
    expect(judged).toBe(10_000);
  });
});
