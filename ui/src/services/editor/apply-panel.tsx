/** What the definition would do as it stands, who is in the way, and the button that does it. */
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Plan } from "#contracts/services/plan.ts";
import { Loading } from "../../components/states.tsx";
import { RequestFailed } from "../../data/request.ts";
import { errorText } from "../../i18n/error-text.ts";
import { useLanguage, useText } from "../../i18n/language-provider.tsx";
import { LockChoice } from "../plan/lock-choice.tsx";
import { PlanView } from "../plan/plan-view.tsx";
import { useLockAnswer } from "../plan/use-lock-answer.ts";
import { apply } from "../service-changes.ts";
import classes from "./editor.module.css";
import type { Applied } from "./service-editor.tsx";
import type { EditorModel } from "./use-editor.ts";

export function ApplyPanel(properties: {
  readonly editor: EditorModel;
  readonly isExisting: boolean;
  readonly onApplied: (applied: Applied) => void;
}): ReactNode {
  const { editor, isExisting, onApplied } = properties;
  const text = useText();
  const { language } = useLanguage();
  const [message, setMessage] = useState("");
  const plan = editor.isPlanCurrent ? editor.plan.data : undefined;
  const lock = useLockAnswer(plan?.lockedBy ?? []);
  const applying = useMutation({
    mutationFn: (shown: Plan) =>
      apply(
        {
          definitions: [{ ...editor.document.value }],
          force: lock.force,
          ...(lock.force ? {} : { basis: shown.basis }),
          ...(message.trim() === "" ? {} : { message: message.trim() }),
        },
        language,
      ),
    onSuccess: ({ deploymentId, plan: done }) =>
      onApplied({ id: done.services[0]?.id ?? String(editor.document.value["id"]), deploymentId }),
    onError: () => void editor.plan.refetch(),
  });
  const failure = applying.error ?? lock.error;
  const hasMoved = failure instanceof RequestFailed && failure.status === 409;
  return (
    <div className={classes.panel}>
      <h2>{text("ui.plan.title")}</h2>
      <PlanState editor={editor} isExisting={isExisting} />
      {plan === undefined ? null : (
        <LockChoice locks={plan.lockedBy} chosen={lock.answer} onChoose={lock.choose} />
      )}
      {failure === null ? null : (
        <p role="alert" className={classes.error}>
          {hasMoved ? text("ui.plan.moved") : errorText(text, failure)}
        </p>
      )}
      <TextInput
        label={text("ui.plan.message")}
        placeholder={text("ui.plan.messageHint")}
        maxLength={1_000}
        value={message}
        onChange={(event) => setMessage(event.currentTarget.value)}
      />
      <Button
        fullWidth
        disabled={plan === undefined || plan.isEmpty || !lock.isFree}
        loading={applying.isPending}
        onClick={() => plan !== undefined && applying.mutate(plan)}
      >
        {text(isExisting ? "ui.editor.apply" : "ui.editor.create")}
      </Button>
    </div>
  );
}

function PlanState(properties: { readonly editor: EditorModel; readonly isExisting: boolean }): ReactNode {
  const { editor, isExisting } = properties;
  const text = useText();
  const { document, isTouched, problems, plan, isPlanCurrent } = editor;
  if (!isTouched && !isExisting) return <p className="quiet">{text("ui.editor.begin")}</p>;
  if (document.fault !== undefined)
    return <p className={classes.error}>{text("ui.editor.unreadable", { line: document.fault.line })}</p>;
  if (problems.length > 0)
    return (
      <>
        <p className={classes.error}>{text("ui.editor.problems", { count: problems.length })}</p>
        <ul className={classes.found}>
          {problems.slice(0, 5).map(({ path, message }) => (
            <li key={`${path.join("/")} ${message}`} data-severity="error">
              {path.length === 0 ? null : <code className={classes.place}>{path.join(".")}</code>}
              {message}
            </li>
          ))}
        </ul>
      </>
    );
  if (isPlanCurrent && plan.data !== undefined) return <PlanView plan={plan.data} />;
  if (plan.error !== null) return <p className={classes.error}>{errorText(text, plan.error)}</p>;
  return <Loading lines={3} />;
}
