/** Ending one instance: what is ended, where, and what follows; nothing is ended without this question. */
import { Button, Checkbox, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { InstanceItem, ServiceItem } from "#contracts/services/own-endpoints.ts";
import { messageOf } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import confirm from "../../services/plan/confirm.module.css";
import { killInstance } from "../../services/service-changes.ts";
import { useClusterName } from "../../services/use-cluster-name.ts";
import { shortInstanceId } from "../../services/view/service-view.ts";

export function KillDialog(properties: {
  readonly service: ServiceItem;
  readonly instance: InstanceItem;
  readonly onClose: () => void;
}): ReactNode {
  const { service, instance, onClose } = properties;
  const text = useText();
  const cluster = useClusterName();
  const [scale, setScale] = useState(false);
  const killing = useMutation({
    mutationFn: () => killInstance(service.id, instance.taskId ?? "", { scale }),
    onSuccess: onClose,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={text("ui.kill.title")}
      closeButtonProps={{ "aria-label": text("ui.close") }}
    >
      <div className={confirm.body}>
        <p className={confirm.sentence}>
          {text("ui.kill.sentence", {
            instance: shortInstanceId(instance),
            service: service.id,
            cluster,
            node: instance.hostname ?? "–",
          })}
        </p>
        <Checkbox
          label={text("ui.kill.scale")}
          checked={scale}
          onChange={(event) => setScale(event.currentTarget.checked)}
        />
        <p className="quiet">{text(scale ? "ui.kill.fewer" : "ui.kill.replaced")}</p>
        {killing.error === null ? null : (
          <p role="alert" className={confirm.error}>
            {messageOf(killing.error)}
          </p>
        )}
        <div className={confirm.buttons}>
          <Button variant="default" onClick={onClose}>
            {text("ui.cancel")}
          </Button>
          <Button color="red" loading={killing.isPending} onClick={() => killing.mutate()}>
            {text("ui.kill.verb")}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
