/**
 * A change in a window of its own: the plan is read and shown, a message may be left, and only then it is done. Used by
 * everything that changes a service without the editor: scale, stop, remove, roll back.
 */
import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Plan } from "#contracts/services/plan.ts";
import { useOverDrawer } from "../../components/side-drawer.tsx";
import { Failed, Loading } from "../../components/states.tsx";
import { isTyped, TypedName } from "../../components/typed-name.tsx";
import { errorText } from "../../i18n/error-text.ts";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./confirm.module.css";
import { LockChoice } from "./lock-choice.tsx";
import { PlanView } from "./plan-view.tsx";
import { lockPollMs, useLockAnswer } from "./use-lock-answer.ts";

export interface Confirmation {
  readonly title: string;
  /** Names the change: another key, another plan. */
  readonly key: readonly unknown[];
  /** On the button, such as "Roll back". */
  readonly verb: string;
  readonly isDestructive?: boolean;
  /** Must be typed before the button works. */
  readonly typed?: string | undefined;
  /** False while the change is still being said. */
  readonly isReady?: boolean;
  /** What stands above the plan: object, cluster and effect in a sentence. */
  readonly sentence?: string;
  plan(signal: AbortSignal): Promise<Plan>;
  /** Given the plan that was shown. Gives the deployment, when there is something to do. */
  perform(given: {
    readonly plan: Plan;
    readonly message: string | undefined;
    readonly force: boolean;
  }): Promise<{
    readonly deploymentId?: string;
  }>;
}

export function ConfirmPlan(properties: {
  readonly confirmation: Confirmation;
  readonly children?: ReactNode;
  readonly onClose: () => void;
  readonly onDone: (deploymentId: string | undefined) => void;
}): ReactNode {
  const { confirmation, onClose, onDone } = properties;
  const text = useText();
  useOverDrawer();
  const { typed } = confirmation;
  const [message, setMessage] = useState("");
  const [entered, setEntered] = useState("");
  const plan = useQuery({
    queryKey: ["plan", ...confirmation.key],
    queryFn: ({ signal }) => confirmation.plan(signal),
    refetchInterval: ({ state }) => ((state.data?.lockedBy.length ?? 0) > 0 ? lockPollMs : false),
    staleTime: 0,
    gcTime: 0,
  });
  const lock = useLockAnswer(plan.data?.lockedBy ?? []);
  const performing = useMutation({
    mutationFn: (shown: Plan) =>
      confirmation.perform({
        plan: shown,
        message: message.trim() === "" ? undefined : message.trim(),
        force: lock.force,
      }),
    onSuccess: ({ deploymentId }) => onDone(deploymentId),
    // Something moved meanwhile, or a deployment came in the way: what is shown is no longer so.
    onError: () => void plan.refetch(),
  });
  const failure = performing.error ?? lock.error;
  const isReady =
    plan.data !== undefined &&
    !plan.data.isEmpty &&
    lock.isFree &&
    confirmation.isReady !== false &&
    isTyped(typed, entered);
  return (
    <Modal
      opened
      onClose={onClose}
      title={confirmation.title}
      size="lg"
      closeButtonProps={{ "aria-label": text("ui.close") }}
    >
      <div className={classes.body}>
        {confirmation.sentence === undefined ? null : (
          <p className={classes.sentence}>{confirmation.sentence}</p>
        )}
        {properties.children}
        {plan.data !== undefined ? (
          <>
            <LockChoice locks={plan.data.lockedBy} chosen={lock.answer} onChoose={lock.choose} />
            <PlanView plan={plan.data} />
          </>
        ) : plan.error !== null ? (
          <Failed error={plan.error} onRetry={() => void plan.refetch()} />
        ) : (
          <Loading lines={3} />
        )}
        <TypedName name={typed} value={entered} onChange={setEntered} />
        <TextInput
          label={text("ui.plan.message")}
          placeholder={text("ui.plan.messageHint")}
          maxLength={1_000}
          value={message}
          onChange={(event) => setMessage(event.currentTarget.value)}
        />
        {failure === null ? null : (
          <p role="alert" className={classes.error}>
            {errorText(text, failure)}
          </p>
        )}
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            {text("ui.cancel")}
          </Button>
          <Button
            {...(confirmation.isDestructive === true ? { color: "red" } : {})}
            disabled={!isReady}
            loading={performing.isPending}
            onClick={() => plan.data !== undefined && performing.mutate(plan.data)}
          >
            {confirmation.verb}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
