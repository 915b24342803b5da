import { describe, expect, it } from "vitest";
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { agentOf } from "#domain/placement/offered-agent.ts";
import { Spread } from "#domain/placement/spread.ts";
import { parseResources } from "#domain/resources/index.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { anOffer, type OfferFields } from "#frameworks/base/core/testing/offers.ts";
import { factsOf } from "./app-facts.ts";
import type { App } from "./app-table.ts";
import { type MatchContext, matchInstance } from "./matching.ts";
import { anApp } from "./testing/builders.ts";

function match(
  fields: Parameters<typeof anApp>[0],
  offer: OfferFields | Offer,
  more: Partial<
    Pick<MatchContext, "role" | "localRegion" | "now" | "drainingMs" | "gpuSchedulingBehavior">
  > = {},
) {
  const definition = anApp(fields);
  const app: App = {
    id: definition.id,
    definition,
    facts: factsOf(definition),
    versions: { version: 1, lastScalingAt: 1, lastConfigChangeAt: 1 },
    history: new Map(),
    lastFailure: undefined,
    origin: undefined,
  };
  const wire = "agent_id" in offer ? (offer as Offer) : anOffer(offer as OfferFields);
  return matchInstance(
    app,
    { offer: wire, agent: agentOf(wire), left: parseResources(wire.resources ?? []) },
    {
      now: more.now ?? 0,
      random: seededRandom(1),
      role: more.role ?? "*",
      acceptedRolesDefault: "any",
      localRegion: more.localRegion,
      drainingMs: more.drainingMs ?? 0,
      gpuSchedulingBehavior: more.gpuSchedulingBehavior ?? "restricted",
      populationOf: () => ({ instances: 1, spread: new Spread() }),
    },
  );
}

const reasons = (...args: Parameters<typeof match>) => {
  const result = match(...args);
  return result.kind === "rejected" ? result.reasons : [];
};

describe("an offer", () => {
  it("that has everything is taken from, exactly as much as is wanted", () => {
    const result = match({ cpus: 0.5, mem: 64, disk: 10 }, {});
    if (result.kind !== "fits") throw new Error("it fits");
    expect(result.taken.scalarMillis("cpus")).toBe(500);
    expect(result.taken.scalarMillis("mem")).toBe(64_000);
    expect(result.taken.scalarMillis("disk")).toBe(10_000);
    expect(result.ports).toHaveLength(1);
    expect(result.taken.ranges("ports")).toEqual([{ begin: result.ports[0], end: result.ports[0] }]);
  });

  it("names every reason against it", () => {
    expect(
      reasons({ cpus: 100, mem: 1e6, disk: 1e6, constraints: [["rack", "IS", "x"]] }, { ports: [] }),
    ).toEqual([
      "UnfulfilledConstraint",
      "InsufficientCpus",
      "InsufficientMemory",
      "InsufficientDisk",
      "InsufficientPorts",
    ]);
  });

  it.each<[string, Parameters<typeof anApp>[0], OfferFields, string[]]>([
    ["too few cpus", { cpus: 9 }, { cpus: 8 }, ["InsufficientCpus"]],
    ["too little memory", { mem: 9_000 }, { mem: 8_192 }, ["InsufficientMemory"]],
    [
      "a fixed port that isn't offered",
      { requirePorts: true, portDefinitions: [{ port: 80, protocol: "tcp" }] },
      {},
      ["InsufficientPorts"],
    ],
    ["a gpu that isn't there", { gpus: 1 }, {}, ["InsufficientGpus"]],
    [
      "an attribute that isn't so",
      { constraints: [["rack", "LIKE", "r.*"]] },
      { attributes: { rack: "x" } },
      ["UnfulfilledConstraint"],
    ],
    ["another role", {}, { role: "other" }, ["UnfulfilledRole"]],
  ])("with %s is refused", (_name, fields, offer, expected) => {
    expect(reasons(fields, offer)).toEqual(expected);
  });

  it.each<[string, Parameters<typeof anApp>[0], OfferFields]>([
    ["no ports when none is wanted", { portDefinitions: [] }, { ports: [] }],
    ["the fixed port", { requirePorts: true, portDefinitions: [{ port: 31_005, protocol: "tcp" }] }, {}],
    ["the hostname", { constraints: [["hostname", "CLUSTER", "agent-1.example"]] }, {}],
    ["the attribute", { constraints: [["rack", "LIKE", "r.*"]] }, { attributes: { rack: "r1" } }],
    ["exactly enough", { cpus: 8, mem: 8_192 }, {}],
  ])("with %s is taken", (_name, fields, offer) => {
    expect(match(fields, offer).kind).toBe("fits");
  });

  it("gives different ports to one app", () => {
    const portDefinitions = Array.from({ length: 5 }, () => ({ port: 0, protocol: "tcp" as const }));
    const result = match(
      { portDefinitions },
      {
        ports: [
          [31_000, 31_002],
          [31_010, 31_011],
        ],
      },
    );
    expect(result.kind === "fits" && [...result.ports].sort()).toEqual([
      31_000, 31_001, 31_002, 31_010, 31_011,
    ]);
    expect(reasons({ portDefinitions }, { ports: [[31_000, 31_003]] })).toEqual(["InsufficientPorts"]);
  });

  it("gives what is reserved for the role before what is not", () => {
    const cpus = (value: number, role: string) => ({
      name: "cpus",
      type: "SCALAR" as const,
      scalar: { value },
      role,
    });
    const offer: Offer = {
      ...anOffer({ role: "web" }),
      resources: [cpus(1, "*"), cpus(1, "web"), ...(anOffer({ cpus: 0 }).resources ?? [])],
    };
    const result = match({ cpus: 1.5 }, offer, { role: "web" });
    if (result.kind !== "fits") throw new Error("it fits");
    const wire = result.taken.toWire({ format: "old" }).filter(({ name }) => name === "cpus");
    expect(wire.map(({ role, scalar }) => [role, scalar?.value])).toEqual([
      ["web", 1],
      ["*", 0.5],
    ]);
    expect(reasons({ cpus: 1.5, acceptedResourceRoles: ["*"] }, offer, { role: "web" })).toEqual([
      "InsufficientCpus",
    ]);
  });

  it("of revocable resources or another's volume is not used", () => {
    const offer: Offer = {
      ...anOffer(),
      resources: [
        { name: "cpus", type: "SCALAR", scalar: { value: 4 }, role: "*", revocable: {} },
        ...(anOffer({ cpus: 0 }).resources ?? []),
      ],
    };
    expect(reasons({}, offer)).toEqual(["InsufficientCpus"]);
  });

  it("of another region is used only when the app speaks of regions or zones", () => {
    const offer: Offer = {
      ...anOffer(),
      domain: { fault_domain: { region: { name: "far" }, zone: { name: "z" } } },
    };
    expect(reasons({}, offer, { localRegion: "here" })).toEqual(["UnfulfilledConstraint"]);
    expect(match({}, offer, { localRegion: "far" }).kind).toBe("fits");
    expect(match({}, offer).kind).toBe("fits");
    expect(match({ constraints: [["@region", "IS", "far"]] }, offer, { localRegion: "here" }).kind).toBe(
      "fits",
    );
  });

  it.each([
    { name: "before it", now: 999, refused: false },
    { name: "in it", now: 1_500, refused: true },
    { name: "after it", now: 2_001, refused: false },
    { name: "longer before it than agents are spared", now: 699, drainingMs: 300, refused: false },
    { name: "as long before it as agents are spared", now: 701, drainingMs: 300, refused: true },
    { name: "after it, though agents are spared before", now: 2_001, drainingMs: 300, refused: false },
    { name: "for ever after its start without an end", now: 1e9, isOpen: true, refused: true },
  ])("of an agent with maintenance: $name", ({ now, drainingMs, isOpen, refused }) => {
    const second = { nanoseconds: 1_000_000_000 };
    const unavailability = { start: second, ...(isOpen === true ? {} : { duration: second }) };
    const found = reasons({}, { ...anOffer(), unavailability }, { now, drainingMs: drainingMs ?? 0 });
    expect(found).toEqual(refused ? ["UnfulfilledConstraint", "AgentMaintenance"] : []);
  });

  it("with gpus is kept for those who need them, unless the app says otherwise", () => {
    const offer: Offer = {
      ...anOffer(),
      resources: [
        ...(anOffer().resources ?? []),
        { name: "gpus", type: "SCALAR", scalar: { value: 1 }, role: "*" },
      ],
    };
    expect(reasons({}, offer)).toEqual(["DeclinedScarceResources"]);
    expect(match({ gpus: 1 }, offer).kind).toBe("fits");
    expect(match({ labels: { GPU_SCHEDULING_BEHAVIOR: "unrestricted" } }, offer).kind).toBe("fits");
    const open = { gpuSchedulingBehavior: "unrestricted" } as const;
    expect(match({}, offer, open).kind).toBe("fits");
    expect(reasons({ labels: { GPU_SCHEDULING_BEHAVIOR: "restricted" } }, offer, open)).toEqual([
      "DeclinedScarceResources",
    ]);
  });
});
