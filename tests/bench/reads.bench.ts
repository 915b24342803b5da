/** What Services are asked where much waits and much is there, over HTTP with the reader in the same process; and offers that nobody of many can use. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { createHttpServer } from "#foundation/http/index.ts";
import { createLogger } from "#foundation/telemetry/index.ts";
import { anOffer } from "../../src/frameworks/base/core/testing/offers.ts";
import { createServicesCore, type ServicesCore } from "../../src/frameworks/services/core/index.ts";
import { anApp, aPolicy } from "../../src/frameworks/services/core/testing/builders.ts";
import {
  addAppRoutes,
  addGroupRoutes,
  addSystemRoutes,
  EventStreams,
  Requests,
} from "../../src/frameworks/services/shell/index.ts";
import { type Benchmark, type Figure, measure, warmed } from "./frame.ts";

const repeats = 5;
/** Each has offered something to every app that waits. */
const agents = 100;

function coreWith(apps: number, fields: Partial<AppDefinition>): ServicesCore {
  const core = createServicesCore({
    records: [],
    random: seededRandom(5),
    policy: aPolicy({
      launchTokens: 10_000_000,
      maxApps: 1_000_000,
      servicePortMax: 1_000_000,
      maxRunningDeployments: 1_000_000,
    }),
  });
  core.apply({ kind: "subscribed", frameworkId: "bench" }, 1);
  const upserts = Array.from({ length: apps }, (_, index) => ({
    definition: anApp({ id: `/team-${index % 50}/app-${index}`, mem: 1, ...fields }),
    expect: "absent" as const,
  }));
  core.apply({ kind: "changeApps", request: 1, upserts, removals: [], force: false }, 2);
  return core;
}

const tooLarge = { cpus: 1_000 };

function offer(core: ServicesCore, index: number): void {
  const agentId = `agent-${index % agents}`;
  const ports = [[1_024, 60_000]] as const;
  const offers = [anOffer({ id: `o-${index}`, agentId, host: `host-${index % agents}`, cpus: 10, ports })];
  core.apply({ kind: "offersReceived", offers }, 3);
}

function waitingWith(apps: number): ServicesCore {
  const core = coreWith(apps, tooLarge);
  for (let index = 0; index < agents; index += 1) offer(core, index);
  return core;
}

/** Of an offer that none of the apps can use. */
async function offered(apps: number): Promise<Figure> {
  const core = waitingWith(apps);
  const offers = 200;
  return measure(apps, offers, () => {
    for (let index = 0; index < offers; index += 1) offer(core, index);
  });
}

async function answered(size: number, core: ServicesCore, path: string): Promise<Figure> {
  const server = createHttpServer({ host: "127.0.0.1", port: 0 });
  const streams = new EventStreams(() => 10, "bench");
  const context = {
    queries: core.queries,
    requests: new Requests(() => undefined),
    options: { defaultRole: "*" },
    now: () => 10,
    publish: () => undefined,
    own: core.own,
    nodes: { read: async () => undefined },
    pulls: { read: async () => new Map() },
  };
  addAppRoutes(server, context);
  addGroupRoutes(server, context);
  addSystemRoutes(server, {
    ...context,
    streams,
    info: () => ({}),
    metrics: { snapshot: () => ({}) as never, prometheus: () => "" },
    config: {},
    verbosity: createLogger("bench").verbosity,
  });
  const { url } = await server.listen();
  let bytes = 0;
  try {
    return await measure(
      size,
      repeats,
      async () => {
        for (let count = 0; count < repeats; count += 1) {
          const answer = await fetch(`${url}${path}`);
          if (answer.status !== 200) throw new Error(`${path} was answered with ${answer.status}`);
          bytes = (await answer.arrayBuffer()).byteLength;
        }
      },
      () => ({ answerMib: bytes / 1_048_576 }),
    );
  } finally {
    streams.close();
    await server.close();
  }
}

const queue = "/v2/queue?embed=lastUnusedOffers";

export const benchmarks: readonly Benchmark[] = [
  warmed("read-queue", `one GET ${queue}, n apps that wait on ${agents} agents`, "1,000: ≤ 500 ms", (apps) =>
    answered(apps, waitingWith(apps), queue),
  ),
  warmed("read-groups", "one GET /v2/groups of n apps", "10,000: ≤ 500 ms", (apps) =>
    answered(apps, coreWith(apps, {}), "/v2/groups"),
  ),
  warmed("read-apps", "one GET /v2/apps of n apps", "10,000: ≤ 500 ms", (apps) =>
    answered(apps, coreWith(apps, {}), "/v2/apps"),
  ),
  warmed(
    "offer-in-vain",
    "one offer that none of n waiting apps can use",
    "10,000: ≤ 5 ms, as it is tried by 1,000 at most",
    offered,
  ),
];
