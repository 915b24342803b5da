/** What a client asked to see beside a job. Source: contract metronome.md sections 2 and 6. */
import type { ShownJob } from "#domain/jobs/index.ts";
import type { HistoryJson, JobsQueries, RunJson } from "../core/index.ts";
import { RequestMalformed } from "./answers.ts";

/** `schedules` is always there; asking for it is an old habit. */
const embeds = ["activeRuns", "schedules", "history", "historySummary"] as const;
export type Embed = (typeof embeds)[number];

/** Repeated, or with commas between. Throws `RequestMalformed`. */
export function readEmbeds(query: URLSearchParams): ReadonlySet<Embed> {
  const wanted = query.getAll("embed").flatMap((value) => value.split(","));
  return new Set(
    wanted.map((name) => {
      const known = embeds.find((each) => each === name.trim());
      if (known === undefined)
        throw new RequestMalformed(`Unknown embed option ${name.trim()}; known are ${embeds.join(", ")}`);
      return known;
    }),
  );
}

export type EmbeddedJob = ShownJob & {
  readonly activeRuns?: readonly RunJson[];
  readonly history?: HistoryJson;
  readonly historySummary?: Omit<HistoryJson, "successfulFinishedRuns" | "failedFinishedRuns">;
};

export function embedded(
  job: ShownJob,
  wanted: ReadonlySet<Embed>,
  queries: Pick<JobsQueries, "activeRuns" | "history" | "historySummary">,
): EmbeddedJob {
  return {
    ...job,
    ...(wanted.has("activeRuns") ? { activeRuns: queries.activeRuns(job.id) } : {}),
    ...(wanted.has("history") ? { history: queries.history(job.id) } : {}),
    ...(wanted.has("historySummary") ? { historySummary: queries.historySummary(job.id) } : {}),
  };
}

/** In a list a job without active runs has no such key. */
export function withoutNoRuns(job: EmbeddedJob): EmbeddedJob {
  const { activeRuns, ...rest } = job;
  return activeRuns === undefined || activeRuns.length === 0 ? rest : job;
}
