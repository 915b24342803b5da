/** A list of texts, one row each. */
import { TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import type { FormField } from "../definition/definition-form.ts";
import { FieldGroup } from "./field-frame.tsx";
import classes from "./form.module.css";
import { useField } from "./form-context.tsx";
import { orAbsent, Rows } from "./rows.tsx";

export function TextListField(properties: { readonly field: FormField }): ReactNode {
  const { path, label } = properties.field;
  const text = useText();
  const { value, doc, problems, isDisabled, set } = useField(path);
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const name = text(label);
  return (
    <FieldGroup label={name} doc={doc} problems={problems}>
      <Rows
        name={name}
        items={items}
        isDisabled={isDisabled}
        fresh=""
        change={(next) => set(orAbsent(next))}
        show={(item, index) => (
          <TextInput
            className={classes.grow ?? ""}
            aria-label={text("ui.form.item", { name, number: index + 1 })}
            spellCheck={false}
            disabled={isDisabled}
            value={typeof item === "string" ? item : JSON.stringify(item)}
            onChange={(event) => set(items.with(index, event.currentTarget.value))}
          />
        )}
      />
    </FieldGroup>
  );
}
