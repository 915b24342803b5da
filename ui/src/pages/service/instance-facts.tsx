/** What is known of one instance, as pairs. */
import type { ReactNode } from "react";
import type { InstanceItem } from "#contracts/services/own-endpoints.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { instanceState } from "../../services/view/service-view.ts";
import classes from "./service-page.module.css";

export function InstanceFacts(properties: { readonly instance: InstanceItem }): ReactNode {
  const { instance } = properties;
  const text = useText();
  const formats = useFormats();
  const time = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : formats.instant(at);
  const facts = [
    ["ui.instance.state", text(instanceState(instance).text)],
    ["ui.instance.cause", instance.cause],
    ["ui.instance.id", instance.id],
    ["ui.instance.task", instance.taskId],
    ["ui.instance.node", instance.hostname],
    ["ui.instance.agent", instance.agentId],
    [
      "ui.instance.containers",
      instance.containers
        ?.map(({ name, condition, cause }) => [name, condition, cause].filter(Boolean).join(" – "))
        .join("; "),
    ],
    ["ui.instance.ports", instance.ports.join(", ") || undefined],
    ["ui.instance.staged", time(instance.stagedAt)],
    ["ui.instance.started", time(instance.startedAt)],
    ["ui.instance.ended", time(instance.endedAt)],
    ["ui.service.version", formats.instant(Date.parse(instance.version))],
  ] as const;
  return (
    <dl className={classes.pairs}>
      {facts.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name} style={{ display: "contents" }}>
            <dt>{text(name)}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
