import { describe, expect, it } from "vitest";
import { masterAddressIn } from "./master-node.ts";

describe("the node of a master", () => {
  const info = { id: "m", ip: 16777343, port: 5050 };
  it.each([
    [
      "its address goes first",
      { ...info, hostname: "h", address: { ip: "10.0.0.1", port: 5051 } },
      "10.0.0.1:5051",
    ],
    ["an address may be a name", { ...info, address: { hostname: "m.test", port: 5050 } }, "m.test:5050"],
    ["one of version 6 stands in brackets", { ...info, address: { ip: "::1", port: 5050 } }, "[::1]:5050"],
    ["older ones have a name only", { ...info, hostname: "old.test" }, "old.test:5050"],
    ["without a name it is nowhere", info, undefined],
  ])("%s", (_name, node, expected) => {
    expect(masterAddressIn(JSON.stringify(node))).toBe(expected);
  });

  it.each(["", "null", "[]", "master@127.0.0.1:5050", '{"id":1}'])("%j is nobody's", (node) => {
    expect(masterAddressIn(node)).toBeUndefined();
  });
});
