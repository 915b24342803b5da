/** Tasks of all frameworks, those that run or also those that ended. */
import { Switch } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { ListPage } from "../../components/list-page.tsx";
import { QuickFilters } from "../../components/quick-filters.tsx";
import { Empty } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { taskColumns } from "./task-columns.tsx";
import { useTaskList } from "./task-queries.ts";

const route = getRouteApi("/shell/tasks");

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
      tools={
        <>
          <QuickFilters
            current={search.filter}
            choices={[
              { filter: "state:TASK_STAGING", label: text("ui.tasks.state.staging") },
              { filter: "healthy:false", label: text("ui.tasks.state.unhealthy") },
              { filter: "state:TASK_UNREACHABLE", label: text("ui.tasks.state.unreachable") },
            ]}
            choose={(filter) => {
              const { filter: _before, ...rest } = search;
              void navigate({
                search: { ...rest, ...withEnded, ...(filter === undefined ? {} : { filter }) },
                replace: true,
              });
            }}
          />
          <Switch
            size="sm"
            label={text("ui.tasks.withEnded")}
            checked={ended === true}
            onChange={({ currentTarget: { checked } }) =>
              void navigate({ search: checked ? { ...search, ended: true } : search, replace: true })
            }
          />
        </>
      }
      empty={
        <Empty title={text("ui.tasks.empty")} hint={text("ui.tasks.emptyHint")} command="keelson demo" />
      }
    />
  );
}
