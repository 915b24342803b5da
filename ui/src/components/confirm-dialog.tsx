/** Asks before something is done that has no plan: names the object and the effect. A refusal stays in the dialog. */
import { Button, Group, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { errorText } from "../i18n/error-text.ts";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./confirm-dialog.module.css";
import { useOverDrawer } from "./side-drawer.tsx";
import { isTyped, TypedName } from "./typed-name.tsx";

export function ConfirmDialog(properties: {
  /** Such as `Cancel the deployment of /shop/cart`. */
  readonly title: string;
  /** What will happen, in sentences. */
  readonly effect: ReactNode;
  /** The verb on the button. */
  readonly confirm: string;
  readonly isDangerous?: boolean;
  /** Must be typed before the button works. */
  readonly typed?: string | undefined;
  /** Fields, such as a choice. */
  readonly children?: ReactNode;
  readonly act: () => Promise<void>;
  readonly onClose: () => void;
}): ReactNode {
  const { title, typed, act, onClose } = properties;
  const text = useText();
  useOverDrawer();
  const [entered, setEntered] = useState("");
  const acting = useMutation({ mutationFn: act, onSuccess: onClose });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    acting.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": text("ui.close") }}>
      <form onSubmit={submit} className={classes.form}>
        <div className={classes.effect}>{properties.effect}</div>
        {properties.children}
        <TypedName name={typed} value={entered} onChange={setEntered} />
        {acting.error === null ? null : (
          <p role="alert" className={classes.failure}>
            {errorText(text, acting.error)}
          </p>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {text("ui.cancel")}
          </Button>
          <Button
            type="submit"
            color={properties.isDangerous === true ? "red" : "keel"}
            loading={acting.isPending}
            disabled={!isTyped(typed, entered)}
          >
            {properties.confirm}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
