/** One job: how it is now and why, when it runs next, and what became of its runs. */
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { JobItem } from "#contracts/jobs/own-endpoints.ts";
import { BackLink } from "../../components/back-link.tsx";
import { Card } from "../../components/card.tsx";
import { Facts } from "../../components/facts.tsx";
import { JobStateBadge } from "../../components/job-state.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useJob, useJobWhy } from "../../jobs/job-queries.ts";
import { ReasonPanel } from "../../services/reasons/reason-view.tsx";
import { JobActions } from "./job-actions.tsx";
import { JobRuns } from "./job-runs.tsx";

const route = getRouteApi("/shell/jobs/$id");

export function JobPage(): ReactNode {
  const text = useText();
  const { id } = route.useParams();
  const job = useJob(id);
  const { data } = job;
  return (
    <Page
      title={id}
      above={<BackLink to="/jobs">{text("ui.nav.jobs")}</BackLink>}
      beside={data ? <JobStateBadge status={data.status} /> : null}
      actions={data ? <JobActions job={data} /> : null}
    >
      {job.isPending ? <Loading /> : null}
      {job.isError && data === undefined ? (
        <Failed error={job.error} onRetry={() => void job.refetch()} />
      ) : null}
      {data === null ? <Empty title={text("ui.jobs.gone", { id })} hint={text("ui.jobs.goneHint")} /> : null}
      {data ? (
        <>
          <Why job={data} />
          <JobFacts job={data} />
          <JobRuns id={id} />
        </>
      ) : null}
    </Page>
  );
}

/** What keeps a run waiting or ended the last one; what merely starts the next stands among the facts. */
function Why(properties: { readonly job: JobItem }): ReactNode {
  const { id, status } = properties.job;
  const why = useJobWhy(id);
  if (why.data === undefined || why.data.isAsWished) return null;
  return <ReasonPanel reasons={why.data.reasons} tone={status === "waiting" ? "wait" : "bad"} />;
}

function JobFacts(properties: { readonly job: JobItem }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { job } = properties;
  const { schedule, dependencies, labels } = job;
  const named = Object.entries(labels).map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  return (
    <Card title={text("ui.jobs.about")}>
      <Facts
        facts={[
          { name: text("ui.jobs.description"), value: job.description },
          {
            name: text("ui.jobs.command"),
            value: job.cmd === undefined ? undefined : <code className="mono wrapping">{job.cmd}</code>,
          },
          {
            name: text("ui.jobs.schedule"),
            value:
              schedule === undefined ? undefined : (
                <>
                  <code className="mono">{schedule.cron}</code> ({schedule.timezone})
                </>
              ),
          },
          {
            name: text("ui.jobs.next"),
            value: schedule === undefined ? undefined : nextText(schedule),
          },
          {
            name: text("ui.jobs.after"),
            value:
              dependencies.length === 0
                ? undefined
                : dependencies.map((parent) => (
                    <div key={parent}>
                      <Link to="/jobs/$id" params={{ id: parent }}>
                        {parent}
                      </Link>
                    </div>
                  )),
          },
          {
            name: text("ui.jobs.counts"),
            value: text("ui.jobs.countsText", { succeeded: job.successCount, failed: job.failureCount }),
          },
          { name: text("ui.resource.cpus"), value: formats.cpus(job.cpus) },
          { name: text("ui.resource.mem"), value: formats.mebibytes(job.mem) },
          {
            name: text("ui.resource.disk"),
            value: job.disk === 0 ? undefined : formats.mebibytes(job.disk),
          },
          { name: text("ui.jobs.labels"), value: named.length === 0 ? undefined : named.join(", ") },
        ]}
      />
    </Card>
  );

  function nextText({ isEnabled, nextRunAt }: NonNullable<JobItem["schedule"]>): string {
    if (!isEnabled) return text("ui.jobs.scheduleOff");
    return nextRunAt === undefined ? text("ui.jobs.scheduleOver") : formats.instant(nextRunAt);
  }
}
