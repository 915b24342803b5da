import { describe, expect, it } from "vitest";
import { parseUpOptions } from "./options.ts";

const parts = (list: string): unknown => parseUpOptions(["--part", list], {}, "/clone").parts;

describe("the share of instances that may be away for their health", () => {
  it("is a percentage", () => {
    const given = (text: string): unknown =>
      parseUpOptions(["--health-kills-max", text], {}, "/clone").healthKillsMaxPercent;
    expect(given("100")).toBe(100);
    expect(parseUpOptions([], {}, "/clone").healthKillsMaxPercent).toBeUndefined();
    for (const text of ["0", "101", "some"])
      expect(() => given(text)).toThrow("--health-kills-max wants a whole number from 1 to 100");
  });
});

describe("parts that an operator brings", () => {
  it("are named with their addresses", () => {
    expect(parts("mesos-dns=http://127.0.0.1:8123, net=https://[::1]:62080")).toEqual({
      "mesos-dns": "http://127.0.0.1:8123",
      net: "https://[::1]:62080",
    });
    expect(parseUpOptions([], {}, "/clone").parts).toEqual({});
  });

  it.each([
    ["dns=http://127.0.0.1:53", '"dns" is none of mesos-dns, checks, net'],
    ["net", "--part net: wants an address"],
    ["net=127.0.0.1:80", "--part net: wants an address"],
    ["net=http://127.0.0.1:80/base", "--part net: wants an address"],
    ["net=http://me:secret@127.0.0.1:80", "--part net: wants an address"],
    ["net=http://127.0.0.1:99999", "--part net: wants an address"],
    ["", '"" is none of'],
  ])("%j is refused", (list, problem) => {
    expect(() => parts(list)).toThrow(problem);
  });
});
