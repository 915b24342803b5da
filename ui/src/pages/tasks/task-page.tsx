/** One task: what it is, where it runs, what was last heard of it. */
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { TaskItem } from "#contracts/kernel/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import { BackLink } from "../../components/back-link.tsx";
import { Card } from "../../components/card.tsx";
import { Facts } from "../../components/facts.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { TaskStateBadge } from "../../components/task-state.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { TaskInside } from "./task-inside.tsx";
import { useTask } from "./task-queries.ts";

const route = getRouteApi("/shell/tasks/$id");

export function TaskPage(): ReactNode {
  const text = useText();
  const { id } = route.useParams();
  const task = useTask(id);
  return (
    <Page
      title={id}
      above={<BackLink to="/tasks">{text("ui.nav.tasks")}</BackLink>}
      beside={task.data ? <TaskStateBadge state={task.data.state} healthy={task.data.healthy} /> : null}
    >
      {task.isPending ? <Loading /> : null}
      {task.isError && task.data === undefined ? (
        <Failed error={task.error} onRetry={() => void task.refetch()} />
      ) : null}
      {task.data === null ? <Empty title={text("ui.tasks.gone")} hint={text("ui.tasks.goneHint")} /> : null}
      {task.data ? (
        <>
          <TaskFacts task={task.data} />
          <TaskInside task={task.data} />
        </>
      ) : null}
    </Page>
  );
}

function TaskFacts(properties: { readonly task: TaskItem }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { task } = properties;
  const age = (at: number | undefined): ReactNode => (at === undefined ? undefined : <Age at={at} />);
  return (
    <>
      {task.message === undefined ? null : (
        <Card title={text("ui.tasks.lastMessage")}>
          <code className="mono wrapping">{task.message}</code>
        </Card>
      )}
      <Card title={text("ui.tasks.about")}>
        <Facts
          facts={[
            { name: text("ui.tasks.name"), value: task.name },
            {
              name: text("ui.tasks.node"),
              value: (
                <Link to="/nodes/$id" params={{ id: task.agentId }}>
                  {task.hostname || task.agentId}
                </Link>
              ),
            },
            { name: text("ui.tasks.framework"), value: task.frameworkName || task.frameworkId },
            { name: text("ui.tasks.started"), value: age(task.startedAt) },
            { name: text("ui.tasks.updated"), value: age(task.updatedAt) },
            { name: text("ui.resource.cpus"), value: formats.cpus(task.cpus) },
            { name: text("ui.resource.mem"), value: formats.mebibytes(task.mem) },
            { name: text("ui.resource.disk"), value: formats.mebibytes(task.disk) },
            {
              name: text("ui.resource.gpus"),
              value: task.gpus === 0 ? undefined : formats.number(task.gpus),
            },
            {
              name: text("ui.tasks.executor"),
              value: task.executorId === "" ? undefined : <code className="mono">{task.executorId}</code>,
            },
            { name: text("ui.tasks.frameworkId"), value: <code className="mono">{task.frameworkId}</code> },
            { name: text("ui.tasks.agentId"), value: <code className="mono">{task.agentId}</code> },
          ]}
        />
      </Card>
    </>
  );
}
