/** A new job, or another definition of one: its JSON, judged while it is written, with the times it would run at. */
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { definitionsOf } from "#domain/definitions/index.ts";
import { nextRuns } from "#domain/jobs/cron.ts";
import { parseJob } from "#domain/jobs/parse-job.ts";
import { BackLink } from "../../components/back-link.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { errorText } from "../../i18n/error-text.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useDiagnostics } from "../../services/editor/use-editor.ts";
import { createJob, replaceJob } from "../jobs/job-changes.ts";
import { useJobDefinition } from "../jobs/job-queries.ts";
import classes from "./job-runs.module.css";

const CodeEditor = lazy(() =>
  import("../../services/editor/code-editor.tsx").then((module) => ({ default: module.CodeEditor })),
);
const route = getRouteApi("/shell/jobs/$id/edit");
const timesShown = 3;

/** Small enough for a laptop. */
const start = {
  id: "",
  run: { cmd: "", cpus: 0.1, mem: 32, disk: 0 },
  schedules: [{ id: "default", cron: "0 3 * * *", timezone: "UTC" }],
};
const asText = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

export function CreateJobPage(): ReactNode {
  const text = useText();
  return (
    <Page title={text("ui.jobs.new")} above={<BackLink to="/jobs">{text("ui.nav.jobs")}</BackLink>}>
      <JobEditor start={asText(start)} id={undefined} />
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
      {data ? <JobEditor start={asText(withoutTimes(data))} id={id} /> : null}
    </Page>
  );
}

/** What is worked out at each read is no part of the definition. */
function withoutTimes(job: NonNullable<ReturnType<typeof useJobDefinition>["data"]>): object {
  return { ...job, schedules: job.schedules.map(({ nextRunAt: _passing, ...schedule }) => schedule) };
}

function JobEditor(properties: { readonly start: string; readonly id: string | undefined }): ReactNode {
  const { id } = properties;
  const text = useText();
  const navigate = useNavigate();
  const client = useQueryClient();
  // What others change meanwhile does not take away what is being written.
  const [written, setWritten] = useState(properties.start);
  const found = useDiagnostics("json", written);
  const told = found.filter(({ severity }) => severity !== "hint");
  const isGood = told.every(({ severity }) => severity !== "error");
  const saving = useMutation({
    mutationFn: async () => {
      const [definition = {}] = definitionsOf(written, { format: "json" });
      if (id === undefined) await createJob(definition);
      else await replaceJob(id, definition);
      return id ?? String(definition["id"]);
    },
    onSuccess: async (saved) => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ["job", saved] }),
        client.invalidateQueries({ queryKey: ["jobs"] }),
      ]);
      notifications.show({ message: text("ui.jobs.saved", { id: saved }) });
      await navigate({ to: "/jobs/$id", params: { id: saved } });
    },
  });
  return (
    <div className={classes.editor}>
      <Suspense fallback={<Loading />}>
        <CodeEditor
          syntax="json"
          root="job"
          text={written}
          label={text("ui.jobs.definition")}
          found={found}
          onChange={setWritten}
        />
      </Suspense>
      {told.length === 0 ? null : (
        <ul className={classes.found}>
          {told.map(({ line, column, severity, message }) => (
            <li key={`${line}:${column} ${message}`} data-severity={severity}>
              <span className={classes.place}>
                {line}:{column}
              </span>
              {message}
            </li>
          ))}
        </ul>
      )}
      {saving.error === null ? null : (
        <p role="alert" className={classes.failure}>
          {errorText(text, saving.error)}
        </p>
      )}
      <div className={classes.tools}>
        <Button onClick={() => saving.mutate()} loading={saving.isPending} disabled={!isGood}>
          {text(id === undefined ? "ui.jobs.create" : "ui.jobs.save")}
        </Button>
        <NextTimes written={written} />
      </div>
    </div>
  );
}

/** When what is written would run; nothing while it can't be read. */
function NextTimes(properties: { readonly written: string }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const times = timesOf(properties.written);
  if (times.length === 0) return null;
  return (
    <span className="quiet">
      {text("ui.jobs.times", { times: times.map((at) => formats.instant(at)).join(", ") })}
    </span>
  );
}

function timesOf(written: string): readonly number[] {
  try {
    const [definition] = definitionsOf(written, { format: "json" });
    const [schedule] = parseJob(definition, { id: "any" }).schedules;
    return schedule?.enabled === true ? nextRuns(schedule, Date.now(), timesShown) : [];
  } catch {
    // What is wrong with it stands above.
    return [];
  }
}
