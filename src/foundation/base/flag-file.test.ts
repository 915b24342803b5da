import { describe, expect, it } from "vitest";
import {
  booleanFlag,
  bytesFlag,
  durationFlag,
  listFlag,
  numberFlag,
  readFlagFile,
  textFlag,
} from "./flag-file.ts";
import type { JsonValue } from "./json.ts";

describe("a file of flags", () => {
  const read = (given: JsonValue) => readFlagFile<unknown>(given, { gc_delay: durationFlag, name: textFlag });
  it("is read flag by flag", () => {
    expect(read({ name: "x", gc_delay: "2days" })).toEqual(["x", 172_800_000]);
  });

  it.each<[JsonValue, string]>([
    [[], "flags are an object"],
    [{ gc_dely: "1days" }, "there is no flag gc_dely here; there are gc_delay, name"],
    [{ toString: "x" }, "there is no flag toString here"],
    [{ gc_delay: "1 day" }, 'flag gc_delay: "1 day" is not of the form 15secs'],
    [{ gc_delay: "5constructor" }, "flag gc_delay"],
    [{ name: 5 }, "flag name: 5 is not a text"],
  ])("%j is refused: %s", (given, problem) => {
    expect(() => read(given)).toThrow(problem);
  });

  it.each<[(value: JsonValue) => unknown, JsonValue, unknown]>([
    [durationFlag, "1.5mins", 90_000],
    [bytesFlag, "2GB", 2_147_483_648],
    [booleanFlag, "true", true],
    [booleanFlag, false, false],
    [numberFlag, "0.5", 0.5],
    [listFlag, "a, b", ["a", "b"]],
    [listFlag, ["a"], ["a"]],
  ])("%o reads %j", (reader, given, expected) => {
    expect(reader(given)).toEqual(expected);
  });

  it.each<[(value: JsonValue) => unknown, JsonValue]>([
    [durationFlag, 15],
    [bytesFlag, "2 GB"],
    [booleanFlag, "yes"],
    [numberFlag, -1],
    [numberFlag, ""],
    [(value) => numberFlag(value, { isWhole: true }), 1.5],
    [listFlag, [1]],
  ])("%o takes no %j", (reader, given) => {
    expect(() => reader(given)).toThrow(RangeError);
  });
});
