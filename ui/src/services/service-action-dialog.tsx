/** Asks before a service, or several, are scaled, restarted, stopped or deleted: the plan is shown, and only then it is done. */
import { NumberInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { useLanguage, useText } from "../i18n/language-provider.tsx";
import { ConfirmPlan } from "./plan/confirm-plan.tsx";
import { changeOf, type ServiceAction } from "./service-actions.ts";
import { apply, readPlan } from "./service-changes.ts";
import { useClusterName } from "./use-cluster-name.ts";

const planDelayMs = 250;
const instancesMax = 10_000;

export function ServiceActionDialog(properties: {
  readonly action: ServiceAction;
  readonly services: readonly Pick<ServiceItem, "id" | "instances">[];
  readonly onClose: () => void;
  readonly onDone?: () => void;
}): ReactNode {
  const { action, services, onClose, onDone } = properties;
  const text = useText();
  const { language } = useLanguage();
  const cluster = useClusterName();
  const client = useQueryClient();
  const [first] = services;
  const wanted = first?.instances.wanted ?? 0;
  const [wished, setWished] = useState(Math.max(1, wanted));
  const [instances] = useDebouncedValue(wished, planDelayMs);
  const ids = services.map(({ id }) => id);
  const object =
    services.length === 1 && first !== undefined
      ? first.id
      : text("ui.services.several", { count: services.length });
  const running = services.reduce((sum, service) => sum + service.instances.running, 0);
  const change = changeOf(action, ids, instances);
  return (
    <ConfirmPlan
      confirmation={{
        title: text(`ui.services.${action}.title`, { object }),
        key: [action, ...ids, instances, language],
        verb: text(`ui.services.${action}`),
        isDestructive: action === "delete" || action === "stop",
        isReady: wished === instances,
        ...(action === "delete" ? { typed: services.length === 1 ? ids[0] : String(services.length) } : {}),
        sentence: text("ui.services.onCluster", {
          cluster,
          effect: text(`ui.services.${action}.effect`, {
            object,
            running,
            from: wanted,
            to: wished,
            count: services.length,
          }),
        }),
        plan: (signal) => readPlan(change, language, signal),
        perform: ({ plan, message, force }) =>
          apply(
            {
              ...change,
              force,
              ...(force ? {} : { basis: plan.basis }),
              ...(message === undefined ? {} : { message }),
            },
            language,
          ),
      }}
      onClose={onClose}
      onDone={() => {
        notifications.show({ message: text(`ui.services.${action}.done`, { object }) });
        void client.invalidateQueries({ queryKey: ["services"] });
        onClose();
        onDone?.();
      }}
    >
      {action === "scale" || action === "resume" ? (
        <NumberInput
          label={text("ui.services.instances")}
          value={wished}
          onChange={(value) => typeof value === "number" && setWished(value)}
          min={0}
          max={instancesMax}
          clampBehavior="strict"
          allowDecimal={false}
          allowNegative={false}
          data-autofocus
        />
      ) : null}
    </ConfirmPlan>
  );
}
