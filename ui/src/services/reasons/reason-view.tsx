/** Why something is not as wished: the true cause first and large, then what each node lacks, then the rest. */
import { Alert } from "@mantine/core";
import { IconAlertTriangle, IconClock, IconInfoCircle } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { Reason } from "#contracts/services/reasons.ts";
import { CommandLine } from "../../components/command-line.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useNow } from "../use-now.ts";
import { NodeVerdicts } from "./node-verdicts.tsx";
import classes from "./reasons.module.css";

export type ReasonTone = "bad" | "wait" | "busy";

export function ReasonPanel(properties: {
  readonly reasons: readonly Reason[];
  readonly tone: ReasonTone;
}): ReactNode {
  const text = useText();
  const [first, ...others] = properties.reasons;
  if (first === undefined) return null;
  return (
    <Alert
      className={classes.panel ?? ""}
      data-tone={properties.tone}
      variant="outline"
      role="region"
      aria-label={text("ui.why.title")}
      icon={properties.tone === "busy" ? <IconInfoCircle aria-hidden /> : <IconAlertTriangle aria-hidden />}
    >
      <OneReason reason={first} isFirst />
      {others.length === 0 ? null : (
        <div className={classes.others}>
          <h3>{text("ui.why.also")}</h3>
          {others.map((reason, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a code may occur twice
            <OneReason key={`${reason.code}-${index}`} reason={reason} isFirst={false} />
          ))}
        </div>
      )}
    </Alert>
  );
}

function OneReason(properties: { readonly reason: Reason; readonly isFirst: boolean }): ReactNode {
  const { reason, isFirst } = properties;
  const text = useText();
  const [areNodesOpen, setAreNodesOpen] = useState(false);
  const few = reason.nodes.length <= 5;
  return (
    <div className={classes.reason} data-first={isFirst || undefined} data-code={reason.code}>
      <p className={classes.sentence}>{reason.message}</p>
      {reason.remedy === undefined ? null : <p className={classes.remedy}>{reason.remedy}</p>}
      <Times reason={reason} />
      {reason.commands.length === 0 ? null : (
        <div className={classes.commands}>
          {reason.commands.map((command) => (
            <CommandLine key={command} command={`keelson ${command}`} />
          ))}
        </div>
      )}
      {reason.nodes.length === 0 ? null : few || areNodesOpen ? (
        <NodeVerdicts nodes={reason.nodes} />
      ) : (
        <button type="button" className={classes.more} onClick={() => setAreNodesOpen(true)}>
          {text("ui.why.showNodes", { count: reason.nodes.length })}
        </button>
      )}
    </div>
  );
}

function Times(properties: { readonly reason: Reason }): ReactNode {
  const { since, nextTryAt } = properties.reason;
  const text = useText();
  const formats = useFormats();
  const now = useNow();
  if (since === undefined && nextTryAt === undefined) return null;
  return (
    <p className={classes.times}>
      <IconClock size={14} stroke={1.8} aria-hidden />
      {since === undefined ? null : <span>{text("ui.why.since", { time: formats.ago(since, now) })}</span>}
      {nextTryAt === undefined ? null : (
        <span>
          {nextTryAt <= now
            ? text("ui.why.nextTryNow")
            : text("ui.why.nextTry", { time: formats.duration(nextTryAt - now + 999) })}
        </span>
      )}
    </p>
  );
}
