/** Making or changing a job: beside its definition stands what changes, when it would run and where. */
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { JobPlan } from "#contracts/jobs/own-endpoints.ts";
import { errorText } from "../../i18n/error-text.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { createJob, readJobPlan, replaceJob } from "../../jobs/job-changes.ts";
import type { JsonFields } from "../../services/definition/document.ts";
import { jobForm } from "../../services/definition/job-form.ts";
import classes from "../../services/editor/editor.module.css";
import { EditorFrame } from "../../services/editor/editor-frame.tsx";
import { PlanState } from "../../services/editor/plan-state.tsx";
import { type EditorKind, type EditorModel, useEditor } from "../../services/editor/use-editor.ts";
import { JobPlanView } from "./job-plan-view.tsx";

const kind: EditorKind<JobPlan> = { form: jobForm, readPlan: readJobPlan };

export function JobEditor(properties: {
  readonly start: JsonFields;
  readonly isExisting: boolean;
}): ReactNode {
  const { start, isExisting } = properties;
  const editor = useEditor(start, kind);
  return (
    <EditorFrame editor={editor} isExisting={isExisting}>
      <SavePanel editor={editor} isExisting={isExisting} />
    </EditorFrame>
  );
}

function SavePanel(properties: {
  readonly editor: EditorModel<JobPlan>;
  readonly isExisting: boolean;
}): ReactNode {
  const { editor, isExisting } = properties;
  const text = useText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const plan = editor.isPlanCurrent ? editor.plan.data : undefined;
  const saving = useMutation({
    mutationFn: async (id: string) => {
      const definition = { ...editor.document.value };
      if (isExisting) await replaceJob(id, definition);
      else await createJob(definition);
      return id;
    },
    onSuccess: async (id) => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ["job", id] }),
        client.invalidateQueries({ queryKey: ["jobs"] }),
      ]);
      notifications.show({ message: text("ui.jobs.saved", { id }) });
      await navigate({ to: "/jobs/$id", params: { id } });
    },
    onError: () => void editor.plan.refetch(),
  });
  return (
    <div className={classes.panel}>
      <h2>{text("ui.plan.title")}</h2>
      <PlanState editor={editor} isExisting={isExisting} begin="ui.jobs.begin">
        {(shown) => <JobPlanView plan={shown} />}
      </PlanState>
      {saving.error === null ? null : (
        <p role="alert" className={classes.error}>
          {errorText(text, saving.error)}
        </p>
      )}
      <Button
        fullWidth
        disabled={plan === undefined || plan.effect === "unchanged"}
        loading={saving.isPending}
        onClick={() => plan !== undefined && saving.mutate(plan.id)}
      >
        {text(isExisting ? "ui.jobs.save" : "ui.jobs.create")}
      </Button>
    </div>
  );
}
