/** Somebody's deployment is in the way: who deploys what since when, and the three ways on. */
import { Alert, Button } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { LockHolder } from "#contracts/services/plan.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useNow } from "../use-now.ts";
import classes from "./plan.module.css";

export type LockAnswer = "wait" | "replace" | "cancel";

export function LockChoice(properties: {
  readonly locks: readonly LockHolder[];
  /** What was chosen already, shown as such. */
  readonly chosen: LockAnswer | undefined;
  readonly onChoose: (answer: LockAnswer) => void;
}): ReactNode {
  const { locks, chosen, onChoose } = properties;
  const text = useText();
  const formats = useFormats();
  const now = useNow();
  if (locks.length === 0) return null;
  return (
    <Alert
      className={classes.lock ?? ""}
      variant="outline"
      icon={<IconLock aria-hidden />}
      role="region"
      aria-label={text("ui.inTheWay.title")}
    >
      {locks.map((lock) => (
        <p key={lock.deploymentId} className={classes.lockHolder}>
          {text("ui.inTheWay.holder", {
            user: lock.user ?? text("ui.inTheWay.somebody"),
            services: lock.services.join(", "),
            age: formats.duration(now - lock.since),
          })}
        </p>
      ))}
      <div className={classes.lockAnswers}>
        {(["wait", "replace", "cancel"] as const).map((answer) => (
          <Button
            key={answer}
            variant={chosen === answer ? "filled" : "default"}
            aria-pressed={chosen === answer}
            onClick={() => onChoose(answer)}
          >
            {text(`ui.inTheWay.${answer}`)}
          </Button>
        ))}
      </div>
      <p className={classes.lockHint}>
        {text(chosen === undefined ? "ui.inTheWay.hint" : `ui.inTheWay.${chosen}Hint`)}
      </p>
    </Alert>
  );
}
