/** The runs of a job: those under way, and those that ended with why; each with its log, files and terminal. */
import { useQueryClient } from "@tanstack/react-query";
import { type CSSProperties, type ReactNode, useMemo, useState } from "react";
import type { JobRunItem } from "#contracts/jobs/own-endpoints.ts";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { localList } from "../../data/local-list.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { stopRun } from "../../jobs/job-changes.ts";
import { useJobRuns } from "../../jobs/job-queries.ts";
import classes from "./job-runs.module.css";
import { runColumns } from "./run-columns.tsx";
import { RunDrawer } from "./run-drawer.tsx";

export function JobRuns(properties: { readonly id: string }): ReactNode {
  const { id } = properties;
  const text = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const runs = useJobRuns(id);
  const [openId, setOpenId] = useState<string>();
  const [stopping, setStopping] = useState<JobRunItem>();
  const columns = useMemo(
    () => runColumns({ text, formats, open: (run) => setOpenId(run.id), stop: setStopping }),
    [text, formats],
  );
  const { data } = runs;
  const opened = data?.items.find((run) => run.id === openId);
  return (
    <>
      <h2 className="section-title">{text("ui.jobs.runs")}</h2>
      {data === undefined ? (
        runs.error === null ? (
          <Loading />
        ) : (
          <Failed error={runs.error} onRetry={() => void runs.refetch()} />
        )
      ) : data.items.length === 0 ? (
        <Empty
          title={text("ui.jobs.noRuns")}
          hint={text("ui.jobs.noRunsHint")}
          command={`keelson job run ${id}`}
        />
      ) : (
        <div className={classes.table} style={{ "--rows": data.items.length } as CSSProperties}>
          <DataTable
            label={text("ui.jobs.runs")}
            columns={columns}
            list={localList(data.items)}
            rowHeight={54}
            rowKey={(run) => run.id}
          />
        </div>
      )}
      {data === undefined || data.total <= data.items.length ? null : (
        <p className={`quiet ${classes.more}`}>
          {text("ui.jobs.moreRuns", { count: data.total - data.items.length })}
        </p>
      )}
      {opened === undefined ? null : <RunDrawer run={opened} onClose={() => setOpenId(undefined)} />}
      {stopping === undefined ? null : (
        <ConfirmDialog
          title={text("ui.jobs.stop.title", { run: stopping.id })}
          effect={<p>{text("ui.jobs.stop.effect")}</p>}
          confirm={text("ui.jobs.stop")}
          isDangerous
          act={async () => {
            await stopRun(id, stopping.id);
            await client.invalidateQueries({ queryKey: ["job", id] });
          }}
          onClose={() => setStopping(undefined)}
        />
      )}
    </>
  );
}
