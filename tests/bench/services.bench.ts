/** Services at the sizes people have asked Marathon for: one large app, many small ones, updates, reads, rest. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { createHttpServer } from "#foundation/http/index.ts";
import { anApp } from "../../src/frameworks/services/core/testing/builders.ts";
import { addAppRoutes, Requests } from "../../src/frameworks/services/shell/index.ts";
import { type Benchmark, type Figure, measure, warmed } from "./frame.ts";
import { heapBytes } from "./heap.ts";
import { ServicesBench } from "./services-bench.ts";

const small = { cpus: 0.01, mem: 8, portDefinitions: [] };
const app = (fields: Partial<AppDefinition>): AppDefinition => anApp({ ...small, ...fields });

/** So many instances, all running, of so many apps. */
function running(instances: number, apps = 1, instancesPerOffer = 500): ServicesBench {
  const bench = new ServicesBench({ instancesPerOffer });
  const each = Math.ceil(instances / apps);
  bench.put(...Array.from({ length: apps }, (_, index) => app({ id: `/app-${index}`, instances: each })));
  bench.settle();
  return bench;
}

function oneApp(instances: number): Promise<Figure> {
  return measure(instances, instances, () => void running(instances, 1, 5));
}

function fourApps(instances: number): Promise<Figure> {
  return measure(instances, instances, () => void running(instances, 4, 5));
}

/** Each by a request of its own. */
function manyApps(apps: number): Promise<Figure> {
  return measure(apps, apps, () => {
    const bench = new ServicesBench({ instancesPerOffer: 5 });
    for (let index = 0; index < apps; index += 1) {
      bench.put(app({ id: `/team-${index % 50}/app-${index}` }));
      // What may be deployed at the same time is bounded.
      if (index % 50 === 49) bench.settle();
    }
    bench.settle();
  });
}

function rolling(instances: number): Promise<Figure> {
  const upgradeStrategy = { minimumHealthCapacity: 0.8, maximumOverCapacity: 0.2 };
  const bench = new ServicesBench({ instancesPerOffer: 5 });
  bench.put(app({ instances, upgradeStrategy }));
  bench.settle();
  return measure(instances, instances, () => {
    bench.put(app({ instances, upgradeStrategy, cmd: "another" }));
    bench.settle();
  });
}

/** Over HTTP, with the reader in the same process. */
async function embeddedTasks(instances: number): Promise<Figure> {
  const { core, now } = running(instances, 10);
  const server = createHttpServer({ host: "127.0.0.1", port: 0 });
  addAppRoutes(server, {
    queries: core.queries,
    requests: new Requests(() => undefined),
    options: { defaultRole: "*" },
    now: () => now,
    publish: () => undefined,
    own: core.own,
    nodes: { read: async () => undefined },
    pulls: { read: async () => new Map() },
  });
  const { url } = await server.listen();
  const repeats = 10;
  let bytes = 0;
  try {
    return await measure(
      instances,
      repeats,
      async () => {
        for (let count = 0; count < repeats; count += 1) {
          const answer = await fetch(`${url}/v2/apps?embed=apps.tasks`);
          bytes = (await answer.arrayBuffer()).byteLength;
        }
      },
      () => ({ answerMib: bytes / 1_048_576 }),
    );
  } finally {
    await server.close();
  }
}

/** Of what a running instance takes in the heap. */
async function memory(instances: number): Promise<Figure> {
  const before = heapBytes();
  let bench: ServicesBench | undefined;
  const figure = await measure(instances, instances, () => {
    bench = running(instances, 4);
  });
  const bytes = (heapBytes() - before) / instances;
  // It has to be there until here.
  if (bench?.core.queries.deployments().length !== 0) throw new Error("a deployment goes on");
  return { ...figure, more: { bytesEach: bytes } };
}

const restMinutes = 60;

/** An hour in which nothing happens: what is due by the clock alone. */
async function atRest(instances: number): Promise<Figure> {
  const bench = running(instances, 100);
  bench.pass(60_000);
  return measure(instances, restMinutes, () => bench.pass(restMinutes * 60_000));
}

const linear = "a slope of at most 0.2";

export const benchmarks: readonly Benchmark[] = [
  warmed(
    "services-one-app",
    "one instance of one app, until it runs",
    linear,
    oneApp,
    [50, 100, 500, 1_000, 10_000],
  ),
  warmed("services-many-apps", "one app of one instance, created, until it runs", linear, manyApps),
  warmed(
    "services-four-apps",
    "one instance of four apps, until it runs",
    linear,
    fourApps,
    [1_000, 10_000, 50_000],
  ),
  warmed(
    "services-rolling",
    "one instance replaced by a rolling update",
    linear,
    rolling,
    [50, 100, 500, 1_000, 10_000],
  ),
  warmed(
    "services-embed",
    "one GET /v2/apps?embed=apps.tasks, its reader included",
    "10,000 tasks ≤ 200 ms",
    embeddedTasks,
  ),
  warmed("services-memory", "one running instance", "≤ 4 KiB of heap", memory, [1_000, 10_000, 100_000]),
  warmed(
    "services-rest",
    "one minute in which nothing happens",
    "100,000 instances ≤ 60 ms, a thousandth of a core",
    atRest,
    [1_000, 10_000, 100_000],
  ),
];
