/** One run at the side of its job: why it waits or failed, its tasks, and what the newest of them wrote. */
import { SegmentedControl } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { JobRunItem, JobTaskItem } from "#contracts/jobs/own-endpoints.ts";
import { Facts } from "../../components/facts.tsx";
import { RunStateBadge } from "../../components/job-state.tsx";
import { SideDrawer } from "../../components/side-drawer.tsx";
import { Empty, Loading } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import classes from "./job-runs.module.css";

const Log = lazy(() => import("../../logs/service-log.tsx").then((module) => ({ default: module.TaskLog })));

export function RunDrawer(properties: { readonly run: JobRunItem; readonly onClose: () => void }): ReactNode {
  const { run, onClose } = properties;
  const text = useText();
  const [chosen, setChosen] = useState<string>();
  const task = run.tasks.find(({ id }) => id === chosen) ?? run.tasks.at(-1);
  return (
    <SideDrawer onClose={onClose} size={720} title={run.id}>
      <div className={classes.drawer}>
        <RunStateBadge status={run.status} />
        {run.reason === undefined ? null : (
          <div>
            <p className={`sentence ${classes.cause}`}>{run.reason.message}</p>
            {run.reason.remedy === undefined ? null : (
              <p className={`quiet sentence ${classes.cause}`}>{run.reason.remedy}</p>
            )}
          </div>
        )}
        {run.tasks.length < 2 ? null : (
          <SegmentedControl
            aria-label={text("ui.jobs.tasks")}
            value={task?.id ?? ""}
            onChange={setChosen}
            data={run.tasks.map(({ id }, index) => ({
              value: id,
              label: text("ui.jobs.try", { number: index + 1 }),
            }))}
          />
        )}
        {task === undefined ? (
          <Empty title={text("ui.jobs.noTask")} hint={text("ui.jobs.noTaskHint")} />
        ) : (
          <TaskOfRun key={task.id} task={task} isOver={run.endedAt !== undefined} />
        )}
      </div>
    </SideDrawer>
  );
}

function TaskOfRun(properties: { readonly task: JobTaskItem; readonly isOver: boolean }): ReactNode {
  const { task, isOver } = properties;
  const text = useText();
  const formats = useFormats();
  const at = (instant: number | undefined): string | undefined =>
    instant === undefined ? undefined : formats.instant(instant);
  return (
    <>
      <Facts
        facts={[
          {
            name: text("ui.jobs.task"),
            value: (
              <Link to="/tasks/$id" params={{ id: task.id }} className="mono wrapping">
                {task.id}
              </Link>
            ),
          },
          { name: text("ui.jobs.status"), value: task.status },
          { name: text("ui.tasks.node"), value: task.hostname },
          { name: text("ui.tasks.started"), value: at(task.startedAt) },
          { name: text("ui.jobs.ended"), value: at(task.endedAt) },
          { name: text("ui.jobs.cause"), value: task.cause },
        ]}
      />
      {task.agentId === undefined ? null : (
        <Suspense fallback={<Loading />}>
          <Log agentId={task.agentId} taskId={task.id} isEnded={isOver || task.endedAt !== undefined} />
        </Suspense>
      )}
    </>
  );
}
