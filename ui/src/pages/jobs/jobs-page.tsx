/** All jobs: when they run next, how they ended last, and why one waits or failed. */
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { ListPage } from "../../components/list-page.tsx";
import { Empty } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useJobList } from "../../jobs/job-queries.ts";
import { jobColumns } from "./job-columns.tsx";

const route = getRouteApi("/shell/jobs");
const quickFilters = [
  ["status:running", "ui.jobs.status.running"],
  ["status:waiting", "ui.jobs.status.waiting"],
  ["last:failure", "ui.jobs.run.FAILED"],
  ["status:disabled", "ui.jobs.status.disabled"],
] as const;

export function JobsPage(): ReactNode {
  const text = useText();
  const formats = useFormats();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useJobList(search);
  const columns = useMemo(() => jobColumns(formats), [formats]);
  return (
    <ListPage
      title={text("ui.nav.jobs")}
      filterHint={text("ui.jobs.filterHint")}
      columns={columns}
      list={list}
      rowHeight={54}
      rowKey={({ id }) => id}
      search={search}
      onSearch={(next) => void navigate({ search: next, replace: true })}
      actions={<NewJob />}
      quickFilters={quickFilters}
      empty={
        <Empty
          title={text("ui.jobs.empty")}
          hint={text("ui.jobs.emptyHint")}
          command="keelson job add backup --cmd 'echo saved' --cron '0 3 * * *'"
        />
      }
    />
  );
}

function NewJob(): ReactNode {
  const text = useText();
  return (
    <Button component={Link} to="/jobs/new" leftSection={<IconPlus size={16} stroke={2} aria-hidden />}>
      {text("ui.jobs.new")}
    </Button>
  );
}
