/** A new job, or another definition of one. */
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { BackLink } from "../../components/back-link.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { useJobDefinition } from "../../jobs/job-queries.ts";
import type { JsonFields } from "../../services/definition/document.ts";
import { JobEditor } from "./job-editor.tsx";

const route = getRouteApi("/shell/jobs/$id/edit");

/** Small enough for a laptop. */
const start = { id: "", run: { cmd: "", cpus: 0.1, mem: 32, disk: 0 } };

export function CreateJobPage(): ReactNode {
  const text = useText();
  return (
    <Page title={text("ui.jobs.new")} above={<BackLink to="/jobs">{text("ui.nav.jobs")}</BackLink>}>
      <JobEditor start={start} isExisting={false} />
    </Page>
  );
}

export function EditJobPage(): ReactNode {
  const text = useText();
  const { id } = route.useParams();
  const definition = useJobDefinition(id);
  const { data } = definition;
  return (
    <Page
      title={text("ui.jobs.editTitle", { id })}
      above={
        <Link to="/jobs/$id" params={{ id }}>
          {id}
        </Link>
      }
    >
      {definition.isPending ? <Loading /> : null}
      {definition.isError && data === undefined ? (
        <Failed error={definition.error} onRetry={() => void definition.refetch()} />
      ) : null}
      {data === null ? <Empty title={text("ui.jobs.gone", { id })} hint={text("ui.jobs.goneHint")} /> : null}
      {/* What others change meanwhile does not take away what is being written. */}
      {data ? <JobEditor key={id} start={withoutTimes(data)} isExisting /> : null}
    </Page>
  );
}

/** What is worked out at each read is no part of the definition. */
const withoutTimes = (job: NonNullable<ReturnType<typeof useJobDefinition>["data"]>): JsonFields => ({
  ...job,
  schedules: job.schedules.map(({ nextRunAt: _passing, ...schedule }) => schedule),
});
