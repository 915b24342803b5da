/** The columns of the list of jobs. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { JobItem } from "#contracts/jobs/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import type { Column } from "../../components/data-table.tsx";
import { JobStateBadge, RunStateBadge } from "../../components/job-state.tsx";
import type { Formats } from "../../i18n/formats.ts";

export function jobColumns(formats: Formats): readonly Column<JobItem>[] {
  return [
    {
      key: "id",
      title: "ui.jobs.name",
      width: "minmax(180px, 2.4fr)",
      sort: "id",
      narrow: "title",
      render: (job) => <NameAndReason job={job} />,
    },
    {
      key: "status",
      title: "ui.jobs.status",
      width: "112px",
      sort: "status",
      narrow: "side",
      render: ({ status }) => <JobStateBadge status={status} />,
    },
    {
      key: "schedule",
      title: "ui.jobs.schedule",
      width: "minmax(120px, 1.1fr)",
      from: 700,
      render: ({ schedule, dependencies }) => {
        const shown = schedule === undefined ? dependencies.join(", ") : schedule.cron;
        const title = schedule === undefined ? shown : `${schedule.cron} (${schedule.timezone})`;
        return shown === "" ? (
          <span className="quiet">–</span>
        ) : (
          <span className="clipped" title={title}>
            {shown}
          </span>
        );
      },
    },
    {
      key: "next",
      title: "ui.jobs.next",
      width: "168px",
      sort: "next",
      from: 900,
      narrow: "line",
      render: ({ schedule }) => (
        <span className="quiet nowrap">
          {schedule?.nextRunAt === undefined ? "–" : formats.instant(schedule.nextRunAt)}
        </span>
      ),
    },
    {
      key: "last",
      title: "ui.jobs.last",
      width: "190px",
      sort: "ended",
      from: 620,
      render: ({ lastRun }) =>
        lastRun === undefined ? (
          <span className="quiet">–</span>
        ) : (
          <span className="badge-and-words">
            <RunStateBadge status={lastRun.status} />
            <span className="quiet">
              <Age at={lastRun.endedAt} />
            </span>
          </span>
        ),
    },
    {
      key: "active",
      title: "ui.jobs.active",
      width: "84px",
      align: "end",
      sort: "active",
      from: 1_100,
      render: ({ activeCount }) => formats.number(activeCount),
    },
  ];
}

function NameAndReason(properties: { readonly job: JobItem }): ReactNode {
  const { id, reason, description } = properties.job;
  const says = reason?.message ?? description;
  return (
    <span className="two-lines">
      <Link to="/jobs/$id" params={{ id }} className="row-link" title={id}>
        {id}
      </Link>
      {says === undefined ? null : (
        <span className="sentence second-line" title={says}>
          {says}
        </span>
      )}
    </span>
  );
}
