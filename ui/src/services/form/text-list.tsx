/** A list of texts, one row each. */
import { Button, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { IconButton } from "../../components/icon-button.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import type { FormField } from "../definition/form-sections.ts";
import { FieldGroup } from "./field-frame.tsx";
import classes from "./form.module.css";
import { useField } from "./form-context.tsx";

export function TextListField(properties: { readonly field: FormField }): ReactNode {
  const { path, label } = properties.field;
  const text = useText();
  const { value, doc, problems, isDisabled, set } = useField(path);
  const items = Array.isArray(value) ? value : [];
  const change = (next: readonly unknown[]): void => set(next.length === 0 ? undefined : next);
  return (
    <FieldGroup label={text(label)} doc={doc} problems={problems}>
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: items have nothing but their place
        <div key={index} className={classes.row}>
          <TextInput
            className={classes.grow ?? ""}
            aria-label={text("ui.form.item", { name: text(label), number: index + 1 })}
            spellCheck={false}
            disabled={isDisabled}
            value={typeof item === "string" ? item : JSON.stringify(item)}
            onChange={(event) => change(items.with(index, event.currentTarget.value))}
          />
          <IconButton
            label={text("ui.form.removeItem", { name: text(label), number: index + 1 })}
            disabled={isDisabled}
            onClick={() => change(items.filter((_item, other) => other !== index))}
          >
            <IconX size={16} />
          </IconButton>
        </div>
      ))}
      <Button
        className={classes.add ?? ""}
        size="xs"
        variant="default"
        disabled={isDisabled}
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => change([...items, ""])}
      >
        {text("ui.form.add")}
      </Button>
    </FieldGroup>
  );
}
