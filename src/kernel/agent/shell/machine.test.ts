import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { parseResources } from "#domain/resources/index.ts";
import { defaultTaskPorts, detectResources, parseAttributes } from "./machine.ts";

const share = { workDir: tmpdir(), agentCount: 1, index: 0, defaultRole: "*", taskPorts: defaultTaskPorts };

describe("what a machine has", () => {
  it("is found out when nothing is told: cpus, mem, disk and the usual ports", () => {
    const found = parseResources(detectResources(share, undefined));
    for (const name of ["cpus", "mem", "disk"]) expect(found.scalarMillis(name), name).toBeGreaterThan(0);
    expect(found.ranges("ports")).toEqual([{ begin: 31_000, end: 32_000 }]);
  });

  it("is what was told, and found out only for what was not named", () => {
    const found = parseResources(detectResources(share, "cpus:4;ports:[100-200]"));
    expect(found.scalarMillis("cpus")).toBe(4_000);
    expect(found.ranges("ports")).toEqual([{ begin: 100, end: 200 }]);
    expect(found.scalarMillis("mem")).toBeGreaterThan(0);
  });

  it("takes JSON as well", () => {
    const json = JSON.stringify([{ name: "mem", type: "SCALAR", scalar: { value: 64 } }]);
    expect(parseResources(detectResources(share, json)).scalarMillis("mem")).toBe(64_000);
  });

  it("is divided among agents of one machine, no port twice", () => {
    const parts = [0, 1, 2].map((index) =>
      parseResources(detectResources({ ...share, agentCount: 3, index }, undefined)),
    );
    const ports = parts.map((part) => part.ranges("ports")[0]);
    expect(ports).toEqual([
      { begin: 31_000, end: 31_332 },
      { begin: 31_333, end: 31_665 },
      { begin: 31_666, end: 32_000 },
    ]);
  });

  it("is reserved for the default role of a public agent", () => {
    const found = parseResources(detectResources({ ...share, defaultRole: "slave_public" }, undefined));
    expect(found.unreserved().isEmpty).toBe(true);
    expect(found.reservedFor("slave_public").scalarMillis("cpus")).toBeGreaterThan(0);
  });
});

describe("attributes", () => {
  it.each([
    ["rack:a", { name: "rack", type: "TEXT", text: { value: "a" } }],
    ["level:3.5", { name: "level", type: "SCALAR", scalar: { value: 3.5 } }],
    ["span:[1-4]", { name: "span", type: "RANGES", ranges: { range: [{ begin: 1, end: 4 }] } }],
    ["url:http://x:1", { name: "url", type: "TEXT", text: { value: "http://x:1" } }],
  ])("%s is read by its form", (text, expected) => {
    expect(parseAttributes(text)).toEqual([expected]);
  });

  it("without a name or a value are refused with the part that is wrong", () => {
    for (const text of ["rack", "rack:", ":a"])
      expect(() => parseAttributes(`a:b;${text}`)).toThrow(`"${text}"`);
  });
});
