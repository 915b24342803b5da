/** The columns of a job's runs. */
import { IconFileText, IconX } from "@tabler/icons-react";
import type { JobRunItem } from "#contracts/jobs/own-endpoints.ts";
import type { Column } from "../../components/data-table.tsx";
import { IconButton } from "../../components/icon-button.tsx";
import { RunStateBadge } from "../../components/job-state.tsx";
import type { Translate } from "../../i18n/catalogue.ts";
import type { Formats } from "../../i18n/formats.ts";
import classes from "./job-runs.module.css";

export interface RunColumnsOptions {
  readonly text: Translate;
  readonly formats: Formats;
  readonly open: (run: JobRunItem) => void;
  readonly stop: (run: JobRunItem) => void;
}

export function runColumns({ text, formats, open, stop }: RunColumnsOptions): readonly Column<JobRunItem>[] {
  return [
    {
      key: "run",
      title: "ui.jobs.run",
      width: "minmax(180px, 2fr)",
      narrow: "title",
      render: (run) => (
        <span className="two-lines">
          <button type="button" className="row-link as-link" title={run.id} onClick={() => open(run)}>
            {/* Letters between digits would be drawn as signs. */}
            <span className="mono">{run.id}</span>
          </button>
          {run.reason === undefined ? null : (
            <span className="sentence second-line" title={run.reason.message}>
              {run.reason.message}
            </span>
          )}
        </span>
      ),
    },
    {
      key: "state",
      title: "ui.jobs.status",
      width: "112px",
      narrow: "side",
      render: ({ status }) => <RunStateBadge status={status} />,
    },
    {
      key: "trigger",
      title: "ui.jobs.trigger",
      width: "112px",
      from: 860,
      render: ({ trigger }) => (
        <span className="quiet">{trigger === undefined ? "–" : text(`ui.jobs.trigger.${trigger}`)}</span>
      ),
    },
    {
      key: "created",
      title: "ui.jobs.created",
      width: "176px",
      from: 620,
      narrow: "line",
      render: ({ createdAt }) => <span className="quiet nowrap">{formats.instant(createdAt)}</span>,
    },
    {
      key: "duration",
      title: "ui.jobs.duration",
      width: "92px",
      align: "end",
      from: 740,
      render: ({ startedAt, endedAt }) => (
        <span className="quiet nowrap">
          {startedAt === undefined || endedAt === undefined ? "–" : formats.duration(endedAt - startedAt)}
        </span>
      ),
    },
    {
      key: "tasks",
      title: "ui.jobs.tasks",
      width: "72px",
      align: "end",
      from: 1_000,
      render: ({ tasks }) => formats.number(tasks.length),
    },
    {
      key: "actions",
      title: "ui.list.actions",
      isTitleHidden: true,
      width: "84px",
      align: "end",
      narrow: "line",
      render: (run) => (
        <span className={classes.actions}>
          <IconButton
            label={text("ui.jobs.log", { run: run.id })}
            disabled={run.tasks.length === 0}
            onClick={() => open(run)}
          >
            <IconFileText size={17} stroke={1.7} />
          </IconButton>
          {run.endedAt === undefined ? (
            <IconButton label={text("ui.jobs.stopRun", { run: run.id })} onClick={() => stop(run)}>
              <IconX size={17} stroke={1.7} />
            </IconButton>
          ) : null}
        </span>
      ),
    },
  ];
}
