/** Going back to an earlier version: shown as a plan first, like every change. */
import { Checkbox } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { useFormats, useLanguage, useText } from "../../i18n/language-provider.tsx";
import { ConfirmPlan } from "../../services/plan/confirm-plan.tsx";
import { rollBack } from "../../services/service-changes.ts";

export function RollBackDialog(properties: {
  readonly service: ServiceItem;
  readonly version: string;
  readonly onClose: () => void;
}): ReactNode {
  const { service, version, onClose } = properties;
  const text = useText();
  const formats = useFormats();
  const { language } = useLanguage();
  const navigate = useNavigate();
  const [withInstances, setWithInstances] = useState(false);
  return (
    <ConfirmPlan
      confirmation={{
        title: text("ui.rollback.title"),
        key: ["rollback", service.id, version, withInstances, language],
        verb: text("ui.rollback.verb"),
        sentence: text("ui.rollback.sentence", {
          service: service.id,
          time: formats.instant(Date.parse(version)),
        }),
        plan: async () =>
          (await rollBack(service.id, { version, withInstances, dryRun: true }, language)).plan,
        perform: ({ message, force }) =>
          rollBack(
            service.id,
            { version, withInstances, force, ...(message === undefined ? {} : { message }) },
            language,
          ),
      }}
      onClose={onClose}
      onDone={() => {
        onClose();
        void navigate({ to: "/services/$id", params: { id: service.id }, search: {} });
      }}
    >
      <Checkbox
        label={text("ui.rollback.withInstances")}
        checked={withInstances}
        onChange={(event) => setWithInstances(event.currentTarget.checked)}
      />
    </ConfirmPlan>
  );
}
