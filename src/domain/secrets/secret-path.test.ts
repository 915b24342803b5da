import { describe, expect, it } from "vitest";
import { mayUseSecret, secretPathOf } from "./secret-path.ts";

describe("the path of a secret", () => {
  it.each([
    ["database", "database"],
    ["/dev/data.base_1", "dev/data.base_1"],
    ["", undefined],
    ["/", undefined],
    ["a//b", undefined],
    ["a/../b", undefined],
    ["a b", undefined],
    ["a/b/", undefined],
    ["x".repeat(501), undefined],
  ])("%j is %j", (text, path) => expect(secretPathOf(text)).toBe(path));
});

describe("a service", () => {
  it.each([
    ["/group/hdfs/service", "group/secret", true],
    ["/other/x", "group/secret", false],
    ["/hdfs", "hdfs/secret", true],
    ["/anything", "secret", true],
    ["/groups/service", "group/secret", false],
    ["/group", "group/hdfs/secret", false],
  ])("%s and %s: %s", (service, path, may) => expect(mayUseSecret(service, path)).toBe(may));
});
