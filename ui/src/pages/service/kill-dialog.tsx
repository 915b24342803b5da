/** Ending one instance: what is ended, where, and what follows; nothing is ended without this question. */
import { Checkbox } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { InstanceItem, ServiceItem } from "#contracts/services/own-endpoints.ts";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { useText } from "../../i18n/language-provider.tsx";
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
  return (
    <ConfirmDialog
      title={text("ui.kill.title")}
      effect={text("ui.kill.sentence", {
        instance: shortInstanceId(instance),
        service: service.id,
        cluster,
        node: instance.hostname ?? "–",
      })}
      confirm={text("ui.kill.verb")}
      isDangerous
      act={() => killInstance(service, instance.taskId ?? "", { scale })}
      onClose={onClose}
    >
      <Checkbox
        label={text("ui.kill.scale")}
        checked={scale}
        onChange={(event) => setScale(event.currentTarget.checked)}
      />
      <p className="quiet">{text(scale ? "ui.kill.fewer" : "ui.kill.replaced")}</p>
    </ConfirmDialog>
  );
}
