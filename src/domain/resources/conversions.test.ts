import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import {
  asStarted,
  conversionOf,
  converted,
  normalised,
  parseResources,
  Resources,
  toRemember,
} from "./index.ts";

const scalar = (name: string, value: number, more: Partial<Resource> = {}): Resource => ({
  name,
  type: "SCALAR",
  scalar: { value },
  ...more,
});
const forRoles = (...roles: readonly string[]): Partial<Resource> => ({
  reservations: roles.map((role) => ({ type: "DYNAMIC" as const, role })),
});
const volume = (size: number, more: Partial<Resource> = {}): Resource =>
  scalar("disk", size, {
    ...forRoles("web"),
    disk: { persistence: { id: "v" }, volume: { container_path: "data", mode: "RW" } },
    ...more,
  });
const after = (before: readonly Resource[], operation: OfferOperation): string | undefined => {
  const left = converted(parseResources(before), conversionOf(operation));
  return left === undefined ? undefined : JSON.stringify(left.toWire());
};
const wire = (resources: readonly Resource[]): string => JSON.stringify(parseResources(resources).toWire());

describe("conversions", () => {
  const cases: readonly {
    readonly name: string;
    readonly before: readonly Resource[];
    readonly operation: OfferOperation;
    readonly after: readonly Resource[] | undefined;
  }[] = [
    {
      name: "RESERVE takes from what is free",
      before: [scalar("cpus", 4)],
      operation: { type: "RESERVE", reserve: { resources: [scalar("cpus", 1, forRoles("web"))] } },
      after: [scalar("cpus", 3), scalar("cpus", 1, forRoles("web"))],
    },
    {
      name: "RESERVE refines what is reserved for the role above",
      before: [scalar("cpus", 1, forRoles("web"))],
      operation: { type: "RESERVE", reserve: { resources: [scalar("cpus", 1, forRoles("web", "web/api"))] } },
      after: [scalar("cpus", 1, forRoles("web", "web/api"))],
    },
    {
      name: "RESERVE from a source reserves for another role",
      before: [scalar("cpus", 1, forRoles("web"))],
      operation: {
        type: "RESERVE",
        reserve: {
          source: [scalar("cpus", 1, forRoles("web"))],
          resources: [scalar("cpus", 1, forRoles("db"))],
        },
      },
      after: [scalar("cpus", 1, forRoles("db"))],
    },
    {
      name: "RESERVE of more than there is does nothing",
      before: [scalar("cpus", 1)],
      operation: { type: "RESERVE", reserve: { resources: [scalar("cpus", 2, forRoles("web"))] } },
      after: undefined,
    },
    {
      name: "UNRESERVE pops one reservation",
      before: [scalar("cpus", 1, forRoles("web", "web/api"))],
      operation: {
        type: "UNRESERVE",
        unreserve: { resources: [scalar("cpus", 1, forRoles("web", "web/api"))] },
      },
      after: [scalar("cpus", 1, forRoles("web"))],
    },
    {
      name: "CREATE makes a volume of reserved disk",
      before: [scalar("disk", 10, forRoles("web"))],
      operation: { type: "CREATE", create: { volumes: [volume(4)] } },
      after: [scalar("disk", 6, forRoles("web")), volume(4)],
    },
    {
      name: "CREATE does not split a MOUNT disk",
      before: [
        scalar("disk", 10, {
          ...forRoles("web"),
          disk: { source: { type: "MOUNT", mount: { root: "/mnt/a" } } },
        }),
      ],
      operation: {
        type: "CREATE",
        create: {
          volumes: [
            volume(4, {
              disk: {
                source: { type: "MOUNT", mount: { root: "/mnt/a" } },
                persistence: { id: "v" },
                volume: { container_path: "data", mode: "RW" },
              },
            }),
          ],
        },
      },
      after: undefined,
    },
    {
      name: "DESTROY of a shared volume leaves plain disk",
      before: [volume(4, { shared: {} })],
      operation: { type: "DESTROY", destroy: { volumes: [volume(4, { shared: {} })] } },
      after: [scalar("disk", 4, forRoles("web"))],
    },
    {
      name: "GROW_VOLUME adds disk of its kind",
      before: [volume(4), scalar("disk", 6, forRoles("web"))],
      operation: {
        type: "GROW_VOLUME",
        grow_volume: { volume: volume(4), addition: scalar("disk", 2, forRoles("web")) },
      },
      after: [scalar("disk", 4, forRoles("web")), volume(6)],
    },
    {
      name: "SHRINK_VOLUME gives disk back",
      before: [volume(4)],
      operation: { type: "SHRINK_VOLUME", shrink_volume: { volume: volume(4), subtract: { value: 1.5 } } },
      after: [volume(2.5), scalar("disk", 1.5, forRoles("web"))],
    },
  ];
  it.each(cases)("$name", ({ before, operation, after: expected }) => {
    expect(after(before, operation)).toBe(expected === undefined ? undefined : wire(expected));
  });

  it.each<readonly [string, OfferOperation]>([
    [
      "its reservation is static",
      { type: "UNRESERVE", unreserve: { resources: [scalar("cpus", 1, { role: "web" })] } },
    ],
    ["it is not reserved", { type: "RESERVE", reserve: { resources: [scalar("cpus", 1)] } }],
    ["no resources are named", { type: "UNRESERVE", unreserve: {} }],
    ["reserve is missing", { type: "RESERVE" }],
    [
      "disk.persistence is missing",
      { type: "CREATE", create: { volumes: [scalar("disk", 1, forRoles("web"))] } },
    ],
    [
      "would leave nothing",
      { type: "SHRINK_VOLUME", shrink_volume: { volume: volume(1), subtract: { value: 1 } } },
    ],
    [
      "not disk of the kind",
      { type: "GROW_VOLUME", grow_volume: { volume: volume(1), addition: scalar("disk", 1) } },
    ],
    [
      "are not the quantities",
      {
        type: "RESERVE",
        reserve: { source: [scalar("cpus", 2)], resources: [scalar("cpus", 1, forRoles("web"))] },
      },
    ],
    ["does not change resources", { type: "LAUNCH", launch: {} }],
  ])("says what is wrong: %s", (problem, operation) => {
    expect(() => conversionOf(operation)).toThrow(problem);
  });

  it("a reservation and its refinement are undone in the other order, to what was there before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8000 }), fc.integer({ min: 1, max: 8000 }), (has, takes) => {
        fc.pre(takes <= has);
        const start = parseResources([scalar("cpus", has / 1000)]);
        const stacks = [["a"], ["a", "a/b"], ["a", "a/b", "a/b/c"]];
        const there = stacks.map(
          (roles): OfferOperation => ({
            type: "RESERVE",
            reserve: { resources: [scalar("cpus", takes / 1000, forRoles(...roles))] },
          }),
        );
        const back = [...stacks].reverse().map(
          (roles): OfferOperation => ({
            type: "UNRESERVE",
            unreserve: { resources: [scalar("cpus", takes / 1000, forRoles(...roles))] },
          }),
        );
        const end = [...there, ...back].reduce<Resources>(
          (now, operation) => converted(now, conversionOf(operation)) ?? Resources.empty,
          start,
        );
        expect(end.equals(start)).toBe(true);
      }),
    );
  });

  it("normalises the old format, once and for all", () => {
    const old: OfferOperation = {
      type: "RESERVE",
      id: { value: "one" },
      reserve: { resources: [scalar("cpus", 1, { role: "web", reservation: { principal: "p" } })] },
    };
    const expected: OfferOperation = {
      type: "RESERVE",
      id: { value: "one" },
      reserve: {
        resources: [scalar("cpus", 1, { reservations: [{ principal: "p", type: "DYNAMIC", role: "web" }] })],
      },
    };
    expect(normalised(old)).toEqual(expected);
    expect(normalised(expected)).toEqual(expected);
  });

  it("knows what an agent has to remember, and what it was started with", () => {
    const now = parseResources([
      scalar("cpus", 1, { role: "ops" }),
      scalar("mem", 5, {
        reservations: [
          { type: "STATIC", role: "ops" },
          { type: "DYNAMIC", role: "ops/a" },
        ],
      }),
      volume(4, { shared: {} }),
    ]);
    expect(toRemember(now).scalarMillis("cpus")).toBe(0);
    expect(toRemember(now).entries).toHaveLength(2);
    expect(
      asStarted(now).equals(
        parseResources([
          scalar("cpus", 1, { role: "ops" }),
          scalar("mem", 5, { role: "ops" }),
          scalar("disk", 4),
        ]),
      ),
    ).toBe(true);
  });
});

describe("what is shared", () => {
  const shared = parseResources([volume(4, { shared: {} })]);

  it("is counted in copies, and each copy is the whole", () => {
    const three = Resources.sum([shared, shared, shared]);
    expect(three.scalarMillis("disk")).toBe(4000);
    expect(three.contains(shared.plus(shared))).toBe(true);
    expect(shared.contains(three)).toBe(false);
    expect(three.minus(shared).minus(shared).equals(shared)).toBe(true);
    expect(three.minus(three).isEmpty).toBe(true);
    expect(parseResources(three.toWire()).equals(three)).toBe(true);
  });

  it("stays free however often it is held", () => {
    const total = shared.plus(parseResources([scalar("cpus", 2)]));
    const held = Resources.sum([shared, shared, parseResources([scalar("cpus", 1)])]);
    expect(total.freeBeside(held)?.equals(shared.plus(parseResources([scalar("cpus", 1)])))).toBe(true);
    expect(parseResources([scalar("cpus", 2)]).freeBeside(held)).toBeUndefined();
  });

  it("is a persistent volume, or it is refused", () => {
    expect(() => parseResources([scalar("cpus", 1, { shared: {} })])).toThrow("only persistent volumes");
    expect(() => parseResources([volume(4), volume(4)])).toThrow("named twice");
  });
});

it("reservations merge only when their labels are the same, in any order", () => {
  const labelled = (...keys: readonly string[]): Resource =>
    scalar("cpus", 1, {
      reservations: [
        { type: "DYNAMIC", role: "web", labels: { labels: keys.map((key) => ({ key, value: "x" })) } },
      ],
    });
  expect(parseResources([labelled("a"), labelled("b")]).entries).toHaveLength(2);
  expect(parseResources([labelled("a", "b"), labelled("b", "a")]).entries).toHaveLength(1);
});
