/** When a job runs by itself: nothing, or one schedule with the times it stands for. */
import { Autocomplete } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { cronProblem, isTimeZone, nextRuns } from "#domain/jobs/cron.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import type { FieldControl, FormField } from "../definition/definition-form.ts";
import { type FieldPath, fieldAt } from "../definition/document.ts";
import { FieldGroup, useDescription } from "./field-frame.tsx";
import classes from "./form.module.css";
import { useField } from "./form-context.tsx";
import { RowButton } from "./row-button.tsx";
import { SimpleField } from "./simple-field.tsx";

const timesShown = 3;
const parts = [
  ["concurrencyPolicy", "ui.field.concurrencyPolicy", "choice"],
  ["startingDeadlineSeconds", "ui.field.startingDeadlineSeconds", "number"],
] as const satisfies readonly (readonly [string, FormField["label"], FieldControl])[];

export function ScheduleField(properties: { readonly field: FormField }): ReactNode {
  const { path, label } = properties.field;
  const text = useText();
  const { value, doc, problems, isDisabled, set } = useField(path);
  const has = Array.isArray(value) && value.length > 0;
  const own = problems.filter((problem) => problem.path.length <= path.length + 1);
  const first: FieldPath = [...path, 0];
  return (
    <FieldGroup label={text(label)} doc={doc} problems={own}>
      {has ? (
        <>
          <div className={classes.pair}>
            <SimpleField field={{ path: [...first, "cron"], label: "ui.field.cron", control: "text" }} />
            <ZoneField path={[...first, "timezone"]} />
          </div>
          <Times schedule={value[0]} />
          <div className={classes.pair}>
            {parts.map(([name, title, control]) => (
              <SimpleField key={name} field={{ path: [...first, name], label: title, control }} />
            ))}
          </div>
          <SimpleField
            field={{ path: [...first, "enabled"], label: "ui.field.enabled", control: "switch" }}
          />
          <RowButton
            icon={IconX}
            textKey="ui.form.noSchedule"
            isDisabled={isDisabled}
            onClick={() => set(undefined)}
          />
        </>
      ) : (
        <RowButton
          icon={IconPlus}
          textKey="ui.form.addSchedule"
          isDisabled={isDisabled}
          onClick={() => set([{ id: "default", cron: "0 3 * * *", timezone: ownZone() }])}
        />
      )}
    </FieldGroup>
  );
}

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];

function ZoneField(properties: { readonly path: FieldPath }): ReactNode {
  const { path } = properties;
  const text = useText();
  const describe = useDescription();
  const { value, doc, problems, isDisabled, set } = useField(path);
  return (
    <Autocomplete
      label={text("ui.field.timezone")}
      description={describe(doc)}
      data={zones}
      limit={40}
      disabled={isDisabled}
      error={problems.length === 0 ? undefined : problems.map(({ message }) => message).join(" ")}
      placeholder={typeof doc?.default === "string" ? doc.default : ""}
      value={typeof value === "string" ? value : ""}
      onChange={(next) => set(next === "" ? undefined : next)}
      data-field={path.join(".")}
    />
  );
}

/** The first times of what is written; nothing while it stands for none. */
function Times(properties: { readonly schedule: unknown }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const cron = fieldAt(properties.schedule, ["cron"]);
  const timezone = fieldAt(properties.schedule, ["timezone"]) ?? "UTC";
  const isSound =
    typeof cron === "string" &&
    typeof timezone === "string" &&
    cronProblem(cron) === undefined &&
    isTimeZone(timezone);
  if (!isSound) return null;
  const times = nextRuns({ cron, timezone }, Date.now(), timesShown).map(formats.instant);
  return (
    <p className={classes.times} role="status">
      {times.length === 0
        ? text("ui.jobs.scheduleOver")
        : text("ui.form.times", { times: times.join(" · "), zone: ownZone() })}
    </p>
  );
}
