/** What becomes of instances on an agent that can't be reached: replaced after a time, or waited for for ever. */
import { Switch } from "@mantine/core";
import type { ReactNode } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import type { FormField } from "../definition/definition-form.ts";
import { FieldGroup } from "./field-frame.tsx";
import classes from "./form.module.css";
import { useField } from "./form-context.tsx";
import { SimpleField } from "./simple-field.tsx";

export function UnreachableField(properties: { readonly field: FormField }): ReactNode {
  const { path, label } = properties.field;
  const text = useText();
  const { value, doc, problems, isDisabled, set } = useField(path);
  const isWaiting = value === "disabled";
  return (
    <FieldGroup
      label={text(label)}
      doc={doc}
      problems={problems.filter((problem) => problem.path.length === path.length)}
    >
      <Switch
        label={text("ui.form.neverReplace")}
        checked={isWaiting}
        disabled={isDisabled}
        onChange={(event) => set(event.currentTarget.checked ? "disabled" : undefined)}
      />
      {isWaiting ? null : (
        <div className={classes.itemFields}>
          <SimpleField
            field={{
              path: [...path, "inactiveAfterSeconds"],
              label: "ui.field.inactiveAfterSeconds",
              control: "number",
            }}
          />
          <SimpleField
            field={{
              path: [...path, "expungeAfterSeconds"],
              label: "ui.field.expungeAfterSeconds",
              control: "number",
            }}
          />
        </div>
      )}
    </FieldGroup>
  );
}
