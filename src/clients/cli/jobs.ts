/** What several commands need of jobs: finding one by what a person calls it, and its runs. */
import { getJob } from "#clients/client/jobs.ts";
import { type JobRunItem, listJobRuns, listJobs } from "#contracts/jobs/own-endpoints.ts";
import type { ShownJob } from "#domain/jobs/job-wire.ts";
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { type Named, naming } from "./naming.ts";
import { instant, span } from "./output/table.ts";
import { everyItem } from "./paging.ts";

const jobs: Named = {
  unknown: "job.unknown",
  names: async (context) => {
    const { items } = await everyItem(context, (query) =>
      context.connection.call("jobs", listJobs, { query }),
    );
    return items.map(({ id }) => id);
  },
};

/** The job of that name. Throws a sentence with the nearest names when there is none. */
export const existingJob = (context: Context, name: string): Promise<ShownJob> =>
  namingJob(context, name, () => getJob(context.cluster, name));

/** What `ask` answers, its 404 turned into a sentence about the job. */
export const namingJob = <Result>(
  context: Context,
  name: string,
  ask: () => Promise<Result>,
): Promise<Result> => naming(context, jobs, name, ask);

export interface RunsWanted {
  readonly job: string;
  /** Ended ones too. */
  readonly ended: boolean;
  /** Without it: as many as a command shows. */
  readonly max?: number;
}

/** Newest first. */
export async function runsOf(
  context: Context,
  { job, ended, max }: RunsWanted,
): Promise<{ readonly items: readonly JobRunItem[]; readonly foot?: string }> {
  return await namingJob(context, job, () =>
    everyItem(
      context,
      (window) =>
        context.connection.call("jobs", listJobRuns, {
          query: { ...window, job, ended, language: context.language },
        }),
      max,
    ),
  );
}

/** A run by its id or how that begins or ends; the newest when none is named. Throws a sentence when there is none. */
export function chooseRun(
  context: Context,
  runs: readonly JobRunItem[],
  { job, name }: { readonly job: string; readonly name: string | undefined },
): JobRunItem {
  const found =
    name === undefined
      ? runs[0]
      : (runs.find(({ id }) => id === name) ??
        runs.find(({ id }) => id.startsWith(name) || id.endsWith(name)));
  if (found !== undefined) return found;
  const text =
    name === undefined
      ? context.say("job.noRuns", { name: job })
      : context.say("job.noRun", { name: job, run: name });
  throw new CommandFailed(text, exitCodes.notFound);
}

/** When it is, and how long that is from now. */
export function whenNext({ say }: Context, at: number | undefined): string | undefined {
  if (at === undefined) return undefined;
  return say("job.at", { at: instant(at), in: span(at - Date.now() + 999) });
}
