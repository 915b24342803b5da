/** What the definition would do as it stands, who is in the way, and the button that does it. */
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Plan } from "#contracts/services/plan.ts";
import { RequestFailed } from "../../data/request.ts";
import { errorText } from "../../i18n/error-text.ts";
import { useLanguage, useText } from "../../i18n/language-provider.tsx";
import { LockChoice } from "../plan/lock-choice.tsx";
import { PlanView } from "../plan/plan-view.tsx";
import { useLockAnswer } from "../plan/use-lock-answer.ts";
import { apply } from "../service-changes.ts";
import classes from "./editor.module.css";
import { PlanState } from "./plan-state.tsx";
import type { Applied } from "./service-editor.tsx";
import type { EditorModel } from "./use-editor.ts";

export function ApplyPanel(properties: {
  readonly editor: EditorModel<Plan>;
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
      <PlanState editor={editor} isExisting={isExisting} begin="ui.editor.begin">
        {(shown) => <PlanView plan={shown} />}
      </PlanState>
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
