import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { anOffer } from "../../src/frameworks/base/core/testing/offers.ts";
import { createServicesCore } from "../../src/frameworks/services/core/index.ts";
import { anApp, aPolicy } from "../../src/frameworks/services/core/testing/builders.ts";
import { type Benchmark, type Figure, measure } from "./frame.ts";

/** What each agent offers: room for 100 of the instances below. */
function offerOf(index: number): Offer {
  return anOffer({
    id: `o-${index}`,
    agentId: `agent-${index}`,
    host: `host-${index}`,
    cpus: 10,
    mem: 102_400,
    ports: [[31_000, 32_000]],
    attributes: { rack: `r${index % 40}`, disk: index % 2 === 0 ? "ssd" : "hdd" },
  });
}

async function place(agents: number, constraints: readonly (readonly string[])[]): Promise<Figure> {
  const core = createServicesCore({
    records: [],
    random: seededRandom(5),
    policy: aPolicy({ launchTokens: 10_000_000, maxInstancesPerOffer: 10, maxApps: 1_000_000 }),
  });
  core.apply({ kind: "subscribed", frameworkId: "bench" }, 1);
  const instances = agents;
  const definition = anApp({ id: "/many", instances, cpus: 0.1, mem: 100, constraints });
  const upserts = [{ definition, expect: "absent" as const }];
  core.apply({ kind: "changeApps", request: 1, upserts, removals: [], force: false }, 2);
  let placed = 0;
  const batch = 100;
  return measure(
    agents,
    instances,
    () => {
      for (let start = 0; start < agents && placed < instances; start += batch) {
        // Made as they come and gone afterwards, as those of a master are: they are part of the cost.
        const offers = Array.from({ length: batch }, (_, index) => offerOf(start + index));
        const { effects } = core.apply({ kind: "offersReceived", offers }, 3);
        for (const effect of effects) {
          if (effect.kind !== "call" || effect.call.type !== "ACCEPT") continue;
          for (const operation of effect.call.accept?.operations ?? [])
            placed += operation.launch?.task_infos?.length ?? 0;
        }
      }
    },
    () => ({ placed }),
  );
}

function placements(name: string, constraints: readonly (readonly string[])[], target: string): Benchmark {
  return {
    name,
    operation: "one instance matched to an agent, its TaskInfo made, its record written",
    target,
    sizes: [1_000, 10_000, 100_000],
    isInProcess: true,
    run: async (agents) => {
      // Once for the compiler: a scheduler runs for weeks.
      await place(2_000, constraints);
      return place(agents, constraints);
    },
  };
}

export const benchmarks: readonly Benchmark[] = [
  placements("placements-plain", [], "≥ 200,000/s (5 µs)"),
  placements(
    "placements-constraints",
    [
      ["disk", "LIKE", "ssd|hdd"],
      ["rack", "GROUP_BY", "40"],
      ["@hostname", "MAX_PER", "10"],
    ],
    "≥ 50,000/s (20 µs)",
  ),
  placements("placements-unique", [["@hostname", "UNIQUE"]], "≥ 50,000/s (20 µs)"),
];
