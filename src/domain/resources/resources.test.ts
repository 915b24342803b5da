import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Resource } from "#contracts/kernel/messages.gen.ts";
import {
  coalesce,
  parseResources,
  parseResourcesText,
  Resources,
  rangesText,
  subtractRanges,
  valueAt,
} from "./index.ts";

const scalar = (name: string, value: number, more: Partial<Resource> = {}): Resource => ({
  name,
  type: "SCALAR",
  scalar: { value },
  ...more,
});
const text = (given: string): Resources => parseResourcesText(given);

const anyResources = fc
  .record({
    cpus: fc.integer({ min: 0, max: 64_000 }),
    mem: fc.integer({ min: 0, max: 1_000_000 }),
    ports: fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 50 })), {
      maxLength: 5,
    }),
    role: fc.constantFrom("*", "web", "web/api"),
  })
  .map(({ cpus, mem, ports, role }) =>
    parseResources([
      scalar("cpus", cpus / 1000, { role }),
      scalar("mem", mem / 1000, { role }),
      {
        name: "ports",
        type: "RANGES",
        ranges: { range: ports.map(([begin, size]) => ({ begin, end: begin + size })) },
        role,
      },
    ]),
  );

describe("resources", () => {
  it("mesos.md§8#110 a thousand thousandths are exactly one, and 0.1 + 0.2 is 0.3", () => {
    const thousand = Resources.sum(Array.from({ length: 1000 }, () => text("cpus:0.001")));
    expect(thousand.equals(text("cpus:1"))).toBe(true);
    expect(text("cpus:0.1").plus(text("cpus:0.2")).equals(text("cpus:0.3"))).toBe(true);
    expect(text("cpus:0.3").minus(text("cpus:0.1")).minus(text("cpus:0.2")).isEmpty).toBe(true);
  });

  it("what is added can be taken away again, for any resources", () => {
    fc.assert(
      fc.property(anyResources, anyResources, (one, other) => {
        const sum = one.plus(other);
        expect(sum.contains(one)).toBe(true);
        expect(sum.contains(other)).toBe(true);
        // Ranges are sets: what both held is held once.
        const back = sum.minus(other);
        expect(one.contains(back)).toBe(true);
        expect(back.plus(other).equals(sum)).toBe(true);
      }),
    );
  });

  it("keeps reservations, disks and revocable resources apart", () => {
    const mixed = parseResources([
      scalar("cpus", 1),
      scalar("cpus", 2, { role: "web" }),
      scalar("cpus", 4, { revocable: {} }),
      scalar("disk", 10, { role: "web", disk: { persistence: { id: "a" } }, reservation: {} }),
    ]);
    expect(mixed.entries).toHaveLength(4);
    expect(mixed.scalarMillis("cpus")).toBe(7000);
    expect(mixed.unreserved().scalarMillis("cpus")).toBe(5000);
    expect(mixed.reservedFor("web").scalarMillis("cpus")).toBe(2000);
    expect(mixed.reservedFor("web/api").scalarMillis("cpus")).toBe(2000);
    expect(mixed.reservedFor("webber").isEmpty).toBe(true);
    expect(
      mixed.contains(
        parseResources([
          scalar("disk", 5, { role: "web", disk: { persistence: { id: "a" } }, reservation: {} }),
        ]),
      ),
    ).toBe(false);
  });

  it("reads both formats of reservations and writes either", () => {
    const old = parseResources([scalar("cpus", 1, { role: "web", reservation: { principal: "p" } })]);
    const stack = parseResources([
      scalar("cpus", 1, { reservations: [{ type: "DYNAMIC", role: "web", principal: "p" }] }),
    ]);
    expect(old.equals(stack)).toBe(true);
    expect(stack.toWire({ format: "old" })).toEqual([
      scalar("cpus", 1, { role: "web", reservation: { principal: "p" } }),
    ]);
    expect(text("cpus(web):1").toWire({ format: "old", allocationRole: "web" })).toEqual([
      scalar("cpus", 1, { role: "web", allocation_info: { role: "web" } }),
    ]);
  });

  it.each([
    ["cpus:-1", "negative"],
    ["cpus:x", "not a number"],
    ["cpus", "not name:value"],
    ["ports:[10-5]", "wrong way round"],
    ["ports:[1-70000]", "above 65535"],
    ["gpus:0.5", "whole number"],
    ["ports:[a-b]", "not a range"],
    ["cpus:1e300", "too large"],
  ])("refuses %s and says why", (given, problem) => {
    expect(() => text(given)).toThrow(problem);
  });

  it("refuses a stack that does not refine", () => {
    const stack = (roles: readonly string[]): Resource =>
      scalar("cpus", 1, { reservations: roles.map((role) => ({ type: "DYNAMIC", role })) });
    expect(() => parseResources([stack(["a", "b"])])).toThrow("not below a");
    expect(() => parseResources([stack(["*"])])).toThrow("other than *");
    expect(() => parseResources([stack(["r".repeat(256)])])).toThrow("a role of 256 characters is too long");
    expect(parseResources([stack(["a", "a/b"])]).entries).toHaveLength(1);
  });

  it("shows resources as the v0 endpoints do", () => {
    expect(text("cpus:4;mem:2048;ports:[31000-32000,33000-33000]").toSummary()).toEqual({
      cpus: 4,
      gpus: 0,
      mem: 2048,
      disk: 0,
      ports: "[31000-32000, 33000-33000]",
    });
    expect(text("names:{b,a}").toSummary()["names"]).toBe("{a, b}");
  });

  it("are the same added up one by one and each as often as it is there", () => {
    const one = text("cpus:0.1;mem:32;ports:[31000-31004]");
    const other = text("cpus(web):1.5;mem:8");
    const together = Resources.sumOf(
      new Map([
        [one, 3],
        [other, 1],
      ]),
    );
    expect(together.equals(Resources.sum([one, other, one, one]))).toBe(true);
    expect(together.toString()).toBe(Resources.sum([one, other, one, one]).toString());
  });

  it("drops nothings", () => {
    expect(text("cpus:0;ports:[]".replace("ports:[]", "mem:0")).isEmpty).toBe(true);
  });
});

describe("ranges", () => {
  const anyRanges = fc
    .array(fc.tuple(fc.nat(200), fc.nat(10)), { maxLength: 12 })
    .map((pairs) => coalesce(pairs.map(([begin, size]) => ({ begin, end: begin + size }))));
  const members = (ranges: readonly { begin: number; end: number }[]): number[] =>
    ranges.flatMap(({ begin, end }) => Array.from({ length: end - begin + 1 }, (_, index) => begin + index));

  it("subtract as sets do", () => {
    fc.assert(
      fc.property(anyRanges, anyRanges, (from, taken) => {
        const gone = new Set(members(taken));
        expect(members(subtractRanges(from, taken))).toEqual(
          members(from).filter((value) => !gone.has(value)),
        );
      }),
    );
  });

  it("are written and counted in order", () => {
    expect(
      rangesText(
        coalesce([
          { begin: 5, end: 6 },
          { begin: 1, end: 3 },
          { begin: 4, end: 4 },
        ]),
      ),
    ).toBe("[1-6]");
    expect(
      valueAt(
        [
          { begin: 1, end: 2 },
          { begin: 9, end: 9 },
        ],
        2,
      ),
    ).toBe(9);
    expect(valueAt([{ begin: 1, end: 2 }], 2)).toBeUndefined();
  });
});
