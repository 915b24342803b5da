/** Jobs in numbers: schedules of one second, runs from their beginning to their end, lists, memory, rest. */
import { createHttpServer } from "#foundation/http/index.ts";
import { addJobRoutes, Requests } from "../../src/frameworks/jobs/shell/index.ts";
import { type Benchmark, type Figure, measure, warmed } from "./frame.ts";
import { heapBytes } from "./heap.ts";
import { JobsBench, three } from "./jobs-bench.ts";

/** So many jobs with a schedule. */
function filled(jobs: number): JobsBench {
  const bench = new JobsBench();
  bench.add(jobs);
  return bench;
}

function fire(jobs: number): Promise<Figure> {
  const bench = filled(jobs);
  let longestMs = 0;
  return measure(
    jobs,
    jobs,
    () => {
      longestMs = bench.passTo(three);
      const begun = bench.core.queries.activeCount();
      if (begun !== jobs) throw new Error(`${begun} of ${jobs} runs began`);
    },
    () => ({ longestStepMs: longestMs }),
  );
}

function runs(jobs: number): Promise<Figure> {
  const bench = filled(jobs);
  bench.passTo(three);
  return measure(jobs, jobs, () => {
    bench.place();
    bench.finish();
    if (bench.core.queries.activeCount() !== 0) throw new Error("a run goes on");
  });
}

/** With a run under way and one that ended of each; over HTTP, with the reader in the same process. */
async function list(jobs: number, path: string): Promise<Figure> {
  const bench = filled(jobs);
  bench.passTo(three);
  bench.place();
  bench.finish();
  bench.passTo(three + 86_400_000);
  const server = createHttpServer({ host: "127.0.0.1", port: 0 });
  const { queries } = bench.core;
  addJobRoutes(server, { queries, requests: new Requests(() => undefined, queries), now: () => bench.now });
  const { url } = await server.listen();
  const repeats = 10;
  let bytes = 0;
  try {
    return await measure(
      jobs,
      repeats,
      async () => {
        for (let count = 0; count < repeats; count += 1)
          bytes = (await (await fetch(url + path)).arrayBuffer()).byteLength;
      },
      () => ({ answerMib: bytes / 1_048_576 }),
    );
  } finally {
    await server.close();
  }
}

function page(jobs: number): Promise<Figure> {
  const bench = filled(jobs);
  bench.passTo(three);
  const repeats = 20;
  return measure(jobs, repeats, () => {
    for (let offset = 0; offset < repeats; offset += 1) {
      const query = { limit: 100, offset, filter: "team-7 status:waiting", sort: "-next" };
      const { total } = bench.core.queries.ownJobs(query, {
        now: bench.now,
        known: undefined,
        nodesMax: 0,
        pulls: new Map(),
      });
      if (total === 0) throw new Error("nothing was found");
    }
  });
}

/** Of what a job with a schedule and one ended run takes in the heap. */
async function memory(jobs: number): Promise<Figure> {
  const before = heapBytes();
  const bench = new JobsBench();
  const figure = await measure(jobs, jobs, () => {
    bench.add(jobs);
    bench.passTo(three);
    bench.place();
    bench.finish();
  });
  const bytesEach = (heapBytes() - before) / jobs;
  // It has to be there until here.
  if (bench.core.queries.activeCount() !== 0) throw new Error("a run goes on");
  return { ...figure, more: { bytesEach } };
}

const restMinutes = 60;

/** An hour in which no schedule is due. */
function atRest(jobs: number): Promise<Figure> {
  const bench = filled(jobs);
  bench.passTo(three);
  bench.place();
  bench.finish();
  bench.passTo(three + 60_000);
  return measure(jobs, restMinutes, () => void bench.passTo(bench.now + restMinutes * 60_000));
}

const linear = "a slope of at most 0.2";

export const benchmarks: readonly Benchmark[] = [
  warmed("jobs-fire", "one of so many schedules of one second, fired", linear, fire),
  warmed("jobs-runs", "one run of another job each, from its beginning to its end", linear, runs),
  warmed("jobs-list", "one GET /v1/jobs, its reader included", "10,000 jobs ≤ 200 ms", (jobs) =>
    list(jobs, "/v1/jobs"),
  ),
  warmed(
    "jobs-embed",
    "one GET /v1/jobs with active runs and histories, its reader included",
    "10,000 jobs ≤ 500 ms",
    (jobs) => list(jobs, "/v1/jobs?embed=activeRuns&embed=historySummary&embed=history"),
  ),
  warmed("jobs-page", "100 of all jobs, filtered by word and status, sorted", "10,000 jobs ≤ 50 ms", page),
  warmed("jobs-memory", "one job with a schedule and a run that ended", "≤ 8 KiB of heap", memory),
  warmed("jobs-rest", "one minute in which nothing is due", "10,000 jobs ≤ 60 ms", atRest),
];
