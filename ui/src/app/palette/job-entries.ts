/** Jobs for the palette, and what can be done to them: a job that is typed, or `run backup` at once. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type JobItem, listJobs } from "#contracts/jobs/own-endpoints.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import type { TextKey } from "../../i18n/catalogue.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { useJobActs } from "../../jobs/use-job-acts.ts";
import { actionWords } from "./action-words.ts";
import type { Entry } from "./own-entries.ts";
import { plainWords, useVerbs } from "./use-verbs.ts";

const shownMax = 6;
const actions = ["run", "enable", "disable", "edit"] as const;
type JobAction = (typeof actions)[number];

/** What is typed for an act, and how it is shown. */
const verbs: Readonly<Record<JobAction, TextKey>> = {
  run: "ui.search.verb.run",
  enable: "ui.search.verb.enable",
  disable: "ui.search.verb.disable",
  edit: "ui.jobs.edit",
};
const titles: Readonly<Record<JobAction, TextKey>> = {
  run: "ui.search.action.run",
  enable: "ui.search.action.enable",
  disable: "ui.search.action.disable",
  edit: "ui.search.action.edit",
};

const isPossible = (action: JobAction, { schedule }: JobItem): boolean =>
  action === "enable"
    ? schedule?.isEnabled === false
    : action === "disable"
      ? schedule?.isEnabled === true
      : true;

export function useJobEntries(words: string): readonly Entry[] {
  const text = useText();
  const navigate = useNavigate();
  const acts = useJobActs();
  const filter = plainWords(words);
  const known = useVerbs(actions.map((action) => ({ action, name: text(verbs[action]) })));
  const wanted = actionWords(filter, known);
  const jobs = useFound(filter);
  const acted = useFound(wanted?.rest ?? "");
  const does: Readonly<Record<JobAction, (id: string) => void>> = {
    run: (id) => void acts.run(id),
    enable: (id) => void acts.switchSchedule(id, true),
    disable: (id) => void acts.switchSchedule(id, false),
    edit: (id) => void navigate({ to: "/jobs/$id/edit", params: { id } }),
  };
  const actionEntries = (job: JobItem, asked: readonly JobAction[]): readonly Entry[] =>
    asked
      .filter((action) => isPossible(action, job))
      .map((action) => ({
        key: `${action} job ${job.id}`,
        group: "ui.search.group.actions",
        title: text(titles[action], { name: job.id }),
        haystacks: [],
        run: () => does[action](job.id),
      }));
  const [only] = jobs;
  return [
    ...acted.flatMap((job) => actionEntries(job, wanted?.actions ?? [])),
    ...jobs.map(({ id }) => ({
      key: `job ${id}`,
      group: "ui.search.group.jobs" as const,
      title: id,
      haystacks: [],
      run: () => void navigate({ to: "/jobs/$id", params: { id } }),
    })),
    // Found down to one: its actions are at hand.
    ...(jobs.length === 1 && only !== undefined ? actionEntries(only, actions) : []),
  ];
}

function useFound(filter: string): readonly JobItem[] {
  const { data } = useQuery({
    queryKey: ["palette", "jobs", filter],
    queryFn: ({ signal }) =>
      callEndpoint(daemonPaths.jobs, listJobs, { query: { filter, limit: shownMax }, signal }),
    enabled: filter !== "",
    placeholderData: keepPreviousData,
    staleTime: 2_000,
    gcTime: 10_000,
  });
  return filter === "" ? [] : (data?.items ?? []);
}
