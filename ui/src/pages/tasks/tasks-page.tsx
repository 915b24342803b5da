/** Tasks of all frameworks, those that run or also those that ended. */
import { Switch } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { ListPage } from "../../components/list-page.tsx";
import { Empty } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { taskColumns } from "./task-columns.tsx";
import { useTaskList } from "./task-queries.ts";

const route = getRouteApi("/shell/tasks");
const quickFilters = [
  ["state:TASK_STAGING", "ui.tasks.state.staging"],
  ["healthy:false", "ui.tasks.state.unhealthy"],
  ["state:TASK_UNREACHABLE", "ui.tasks.state.unreachable"],
] as const;

export function TasksPage(): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { ended, ...search } = route.useSearch();
  const navigate = route.useNavigate();
  const withEnded = ended === true ? { ended: true as const } : {};
  const list = useTaskList(search, withEnded);
  const columns = useMemo(() => taskColumns(formats), [formats]);
  return (
    <ListPage
      title={text("ui.nav.tasks")}
      filterHint={text("ui.tasks.filterHint")}
      columns={columns}
      list={list}
      rowKey={({ id, frameworkId }) => `${frameworkId} ${id}`}
      search={search}
      onSearch={(next) => void navigate({ search: { ...next, ...withEnded }, replace: true })}
      quickFilters={quickFilters}
      tools={
        <Switch
          size="sm"
          label={text("ui.tasks.withEnded")}
          checked={ended === true}
          onChange={({ currentTarget: { checked } }) =>
            void navigate({ search: checked ? { ...search, ended: true } : search, replace: true })
          }
        />
      }
      empty={
        <Empty title={text("ui.tasks.empty")} hint={text("ui.tasks.emptyHint")} command="keelson demo" />
      }
    />
  );
}
