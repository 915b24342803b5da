/**
 * Asks before something is done: names the object and the effect, and wants the name typed where data goes. A refusal
 * stays in the dialog. A deployment in the way is never a bare lock: who, since when, and wait, replace or cancel.
 */
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { RequestFailed } from "../data/request.ts";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./confirm-dialog.module.css";
import { DeploymentInTheWay } from "./deployment-in-the-way.tsx";
import { messageOf } from "./states.tsx";

export interface ActOptions {
  /** Replaces deployments in the way. */
  readonly force: boolean;
}

export function ConfirmDialog(properties: {
  /** Such as `Restart /shop/cart`. */
  readonly title: string;
  /** What will happen, in sentences. */
  readonly effect: ReactNode;
  /** The verb on the button. */
  readonly confirm: string;
  readonly isDangerous?: boolean;
  /** Must be typed before the button works. */
  readonly typed?: string;
  /** Fields, such as the number of instances. */
  readonly children?: ReactNode;
  readonly act: (options: ActOptions) => Promise<void>;
  readonly onClose: () => void;
}): ReactNode {
  const { title, typed, act, onClose } = properties;
  const text = useText();
  const [entered, setEntered] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const [isActing, setIsActing] = useState(false);
  const isLocked = failure instanceof RequestFailed && failure.status === 409;

  const run = async (force: boolean): Promise<void> => {
    setIsActing(true);
    setFailure(undefined);
    try {
      await act({ force });
      onClose();
    } catch (error) {
      setFailure(error);
    } finally {
      setIsActing(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run(false);
  };
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": text("ui.close") }}>
      <form onSubmit={submit} className={classes.form}>
        <div className={classes.effect}>{properties.effect}</div>
        {properties.children}
        {typed === undefined ? null : (
          <TextInput
            label={text("ui.confirm.type", { name: typed })}
            value={entered}
            onChange={(event) => setEntered(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        {failure !== undefined && !isLocked ? (
          <p role="alert" className={classes.failure}>
            {messageOf(failure)}
          </p>
        ) : null}
        {isLocked ? (
          <DeploymentInTheWay
            refusal={failure}
            onReplace={() => void run(true)}
            onRetry={() => void run(false)}
          />
        ) : null}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {text("ui.cancel")}
          </Button>
          <Button
            type="submit"
            color={properties.isDangerous === true ? "red" : "keel"}
            loading={isActing}
            disabled={typed !== undefined && entered.trim() !== typed}
          >
            {properties.confirm}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
