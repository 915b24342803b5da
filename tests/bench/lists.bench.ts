/** What our own lists cost: every request looks at all there is and makes the items of one window. */
import { seededRandom } from "#foundation/base/random.ts";
import { anOffer } from "../../src/frameworks/base/core/testing/offers.ts";
import { createServicesCore, type ServicesCore } from "../../src/frameworks/services/core/index.ts";
import { anApp, aPolicy } from "../../src/frameworks/services/core/testing/builders.ts";
import { type Benchmark, measure } from "./frame.ts";

const repeats = 20;

/** So many services of one instance each; nine in ten have a place, the others wait. */
function coreWith(services: number): ServicesCore {
  const core = createServicesCore({
    records: [],
    random: seededRandom(5),
    policy: aPolicy({
      launchTokens: 10_000_000,
      maxInstancesPerOffer: 100,
      maxApps: 1_000_000,
      servicePortMax: 1_000_000,
      maxRunningDeployments: 1_000_000,
    }),
  });
  core.apply({ kind: "subscribed", frameworkId: "bench" }, 1);
  for (let start = 0; start < services; start += 1_000) {
    const upserts = Array.from({ length: Math.min(1_000, services - start) }, (_, index) => {
      const number = start + index;
      const fields = {
        id: `/team-${number % 50}/service-${number}`,
        labels: { env: number % 3 === 0 ? "prod" : "test" },
      };
      const definition = anApp({ ...fields, cpus: number % 10 === 0 ? 1_000 : 0.01, mem: 1 });
      return { definition, expect: "absent" as const };
    });
    core.apply({ kind: "changeApps", request: start, upserts, removals: [], force: false }, 2);
  }
  for (let index = 0; index < services / 50; index += 1) {
    const offers = [
      anOffer({ id: `o-${index}`, agentId: `agent-${index % 100}`, cpus: 10, ports: [[1_024, 60_000]] }),
    ];
    core.apply({ kind: "offersReceived", offers }, 3);
  }
  return core;
}

function listing(
  name: string,
  operation: string,
  list: (core: ServicesCore, at: number) => { readonly total: number },
): Benchmark {
  return {
    name,
    operation,
    target: "10,000: ≤ 50 ms",
    sizes: [1_000, 10_000, 100_000],
    isInProcess: true,
    run: async (size) => {
      const core = coreWith(size);
      let total = 0;
      return measure(
        size,
        repeats,
        () => {
          for (let at = 0; at < repeats; at += 1) total = list(core, at).total;
        },
        () => ({ total }),
      );
    },
  };
}

const options = { now: 10, known: undefined, nodesMax: 0 };

export const benchmarks: readonly Benchmark[] = [
  listing(
    "list-services",
    "100 of all services, filtered by status and label, sorted by what runs",
    (core, at) =>
      core.own.listServices(
        { limit: 100, offset: at, filter: "status:waiting label:env=prod", sort: "-running" },
        options,
      ),
  ),
  listing("list-instances", "100 of all instances, by a word, sorted by start", (core, at) => {
    const list = core.own.listInstances({
      limit: 100,
      offset: at,
      filter: "team-7",
      sort: "-stagedAt",
      ended: true,
    });
    return { total: list?.total ?? 0 };
  }),
];
