/** Scale, stop, restart and remove: each names the service, the cluster and what follows. */
import { Button, Modal, NumberInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { messageOf } from "../../components/states.tsx";
import { useLanguage, useText } from "../../i18n/language-provider.tsx";
import confirm from "../../services/plan/confirm.module.css";
import { ConfirmPlan } from "../../services/plan/confirm-plan.tsx";
import { apply, readPlan, restartService } from "../../services/service-changes.ts";
import { readDefinition } from "../../services/service-queries.ts";
import { useClusterName } from "../../services/use-cluster-name.ts";

const planDelayMs = 250;
const instancesMax = 10_000;

export function ScaleDialog(properties: {
  readonly service: ServiceItem;
  /** The number that stands in the field at first. */
  readonly start: number;
  readonly isStop?: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const { service, start, isStop = false, onClose } = properties;
  const text = useText();
  const { language } = useLanguage();
  const cluster = useClusterName();
  const [wished, setWished] = useState(start);
  const [instances] = useDebouncedValue(wished, planDelayMs);
  const definitions = async () => [{ ...(await readDefinition(service.id, service.version)), instances }];
  return (
    <ConfirmPlan
      confirmation={{
        title: text(isStop ? "ui.stop.title" : "ui.scale.title"),
        key: ["scale", service.id, service.version, instances, language],
        verb: text(isStop ? "ui.stop.verb" : "ui.scale.verb"),
        isDestructive: isStop,
        sentence: text(isStop ? "ui.stop.sentence" : "ui.scale.sentence", {
          service: service.id,
          cluster,
          count: service.instances.wanted,
        }),
        plan: async (signal) => readPlan({ definitions: await definitions() }, language, signal),
        perform: async ({ plan, message, force }) =>
          apply(
            {
              definitions: await definitions(),
              force,
              ...(force ? {} : { basis: plan.basis }),
              ...(message === undefined ? {} : { message }),
            },
            language,
          ),
      }}
      onClose={onClose}
      onDone={onClose}
    >
      {isStop ? null : (
        <NumberInput
          label={text("ui.field.instances")}
          min={0}
          max={instancesMax}
          allowDecimal={false}
          allowNegative={false}
          clampBehavior="strict"
          value={wished}
          onChange={(value) => typeof value === "number" && setWished(value)}
          data-autofocus
        />
      )}
    </ConfirmPlan>
  );
}

export function RemoveDialog(properties: {
  readonly service: ServiceItem;
  readonly onClose: () => void;
}): ReactNode {
  const { service, onClose } = properties;
  const text = useText();
  const { language } = useLanguage();
  const cluster = useClusterName();
  const navigate = useNavigate();
  const change = { definitions: [], removals: [service.id] };
  return (
    <ConfirmPlan
      confirmation={{
        title: text("ui.remove.title"),
        key: ["remove", service.id, language],
        verb: text("ui.remove.verb"),
        isDestructive: true,
        sentence: text("ui.remove.sentence", {
          service: service.id,
          cluster,
          count: service.instances.running,
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
        onClose();
        void navigate({ to: "/services" });
      }}
    />
  );
}

export function RestartDialog(properties: {
  readonly service: ServiceItem;
  readonly onClose: () => void;
}): ReactNode {
  const { service, onClose } = properties;
  const text = useText();
  const cluster = useClusterName();
  const restarting = useMutation({
    mutationFn: () => restartService(service.id, { force: false }),
    onSuccess: onClose,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={text("ui.restart.title")}
      closeButtonProps={{ "aria-label": text("ui.close") }}
    >
      <div className={confirm.body}>
        <p className={confirm.sentence}>
          {text("ui.restart.sentence", { service: service.id, cluster, count: service.instances.wanted })}
        </p>
        {restarting.error === null ? null : (
          <p role="alert" className={confirm.error}>
            {messageOf(restarting.error)}
          </p>
        )}
        <div className={confirm.buttons}>
          <Button variant="default" onClick={onClose}>
            {text("ui.cancel")}
          </Button>
          <Button loading={restarting.isPending} onClick={() => restarting.mutate()}>
            {text("ui.restart.verb")}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
