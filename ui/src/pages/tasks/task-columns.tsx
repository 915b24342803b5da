/** The columns of lists of tasks. */
import { Link } from "@tanstack/react-router";
import type { TaskItem } from "#contracts/kernel/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import type { Column } from "../../components/data-table.tsx";
import { TaskName } from "../../components/task-name.tsx";
import { TaskStateBadge } from "../../components/task-state.tsx";
import type { Formats } from "../../i18n/formats.ts";

export function taskColumns(formats: Formats): readonly Column<TaskItem>[] {
  return [
    {
      key: "id",
      title: "ui.tasks.task",
      width: "minmax(200px, 3fr)",
      sort: "id",
      narrow: "title",
      render: (task) => (
        <Link to="/tasks/$id" params={{ id: task.id }} className="row-link" title={task.id}>
          <TaskName id={task.id} name={task.name} />
        </Link>
      ),
    },
    {
      key: "state",
      title: "ui.tasks.state",
      width: "112px",
      sort: "state",
      narrow: "side",
      render: (task) => <TaskStateBadge state={task.state} healthy={task.healthy} />,
    },
    {
      key: "hostname",
      title: "ui.tasks.node",
      width: "minmax(110px, 1.2fr)",
      sort: "hostname",
      narrow: "line",
      render: (task) => (
        <Link
          to="/nodes/$id"
          params={{ id: task.agentId }}
          className="above-link clipped plain-link"
          title={task.hostname}
        >
          {task.hostname}
        </Link>
      ),
    },
    {
      key: "framework",
      title: "ui.tasks.framework",
      width: "minmax(90px, 1fr)",
      sort: "frameworkName",
      from: 960,
      render: (task) => (
        <span className="quiet clipped" title={task.frameworkName}>
          {task.frameworkName}
        </span>
      ),
    },
    {
      key: "cpus",
      title: "ui.resource.cpus",
      width: "64px",
      align: "end",
      sort: "cpus",
      from: 760,
      render: (task) => formats.cpus(task.cpus),
    },
    {
      key: "mem",
      title: "ui.resource.mem",
      width: "84px",
      align: "end",
      sort: "mem",
      from: 760,
      render: (task) => <span className="nowrap">{formats.mebibytes(task.mem)}</span>,
    },
    {
      key: "updatedAt",
      title: "ui.tasks.updated",
      width: "112px",
      align: "end",
      sort: "updatedAt",
      narrow: "line",
      render: ({ updatedAt }) =>
        updatedAt === undefined ? null : (
          <span className="quiet">
            <Age at={updatedAt} />
          </span>
        ),
    },
  ];
}
