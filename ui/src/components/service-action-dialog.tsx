/** Asks before a service, or several, are scaled, restarted, stopped or deleted, and says what that will do. */
import { NumberInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { actOn, type ServiceAction } from "../data/service-actions.ts";
import { useText } from "../i18n/language-provider.tsx";
import { ConfirmDialog } from "./confirm-dialog.tsx";

export function ServiceActionDialog(properties: {
  readonly action: ServiceAction;
  readonly services: readonly Pick<ServiceItem, "id" | "instances">[];
  readonly onClose: () => void;
  readonly onDone?: () => void;
}): ReactNode {
  const { action, services, onClose, onDone } = properties;
  const text = useText();
  const client = useQueryClient();
  const [first] = services;
  const wanted = first?.instances.wanted ?? 0;
  const [instances, setInstances] = useState(Math.max(1, wanted));
  const running = services.reduce((sum, service) => sum + service.instances.running, 0);
  const isOne = services.length === 1 && first !== undefined;
  const object = isOne ? first.id : text("ui.services.several", { count: services.length });
  const wantsNumber = action === "scale" || action === "resume";

  return (
    <ConfirmDialog
      title={text(`ui.services.${action}.title`, { object })}
      effect={
        <>
          <p>
            {text(`ui.services.${action}.effect`, {
              object,
              running,
              from: wanted,
              to: instances,
              count: services.length,
            })}
          </p>
          {isOne ? null : (
            <ul>
              {services.map(({ id }) => (
                <li key={id}>{id}</li>
              ))}
            </ul>
          )}
        </>
      }
      confirm={text(`ui.services.${action}`)}
      isDangerous={action === "delete" || action === "stop"}
      {...(action === "delete" ? { typed: isOne ? first.id : String(services.length) } : {})}
      act={async ({ force }) => {
        await actOn(
          action,
          services.map(({ id }) => id),
          { instances, force },
        );
        notifications.show({ message: text(`ui.services.${action}.done`, { object }) });
        await client.invalidateQueries({ queryKey: ["services"] });
        onDone?.();
      }}
      onClose={onClose}
    >
      {wantsNumber ? (
        <NumberInput
          label={text("ui.services.instances")}
          value={instances}
          onChange={(value) => setInstances(typeof value === "number" ? value : 0)}
          min={0}
          max={1_000_000}
          allowDecimal={false}
          allowNegative={false}
          data-autofocus
        />
      ) : null}
    </ConfirmDialog>
  );
}
