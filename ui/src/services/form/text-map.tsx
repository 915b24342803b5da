/** Names and values. Rows that can't stand in the definition yet, without a name or with one twice, stay here until they can. */
import { Button, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { IconButton } from "../../components/icon-button.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import type { FormField } from "../definition/form-sections.ts";
import { FieldGroup } from "./field-frame.tsx";
import classes from "./form.module.css";
import { useField } from "./form-context.tsx";
import { type MapRow, mapOfRows, rowProblem, rowsOf, showsMap } from "./map-rows.ts";

export function TextMapField(properties: { readonly field: FormField }): ReactNode {
  const { path, label } = properties.field;
  const text = useText();
  const { value, doc, problems, isDisabled, set } = useField(path);
  const [typed, setTyped] = useState<readonly MapRow[]>(() => rowsOf(value));
  // What was changed elsewhere, in a text, is taken in; what is half typed here stays.
  const rows = showsMap(typed, value) ? typed : rowsOf(value);
  const change = (next: readonly MapRow[]): void => {
    setTyped(next);
    set(mapOfRows(next));
  };
  const name = text(label);
  return (
    <FieldGroup label={name} doc={doc} problems={problems}>
      {rows.map((row, index) => {
        const problem = rowProblem(rows, index);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: names change while they are typed
          <div key={index} className={classes.row}>
            <TextInput
              className={classes.grow ?? ""}
              aria-label={text("ui.form.nameOf", { name, number: index + 1 })}
              placeholder={text("ui.form.name")}
              spellCheck={false}
              disabled={isDisabled}
              error={problem === undefined ? undefined : text(problem)}
              value={row.name}
              onChange={(event) => change(rows.with(index, { ...row, name: event.currentTarget.value }))}
            />
            <TextInput
              className={classes.grow ?? ""}
              aria-label={text("ui.form.valueOf", { name, number: index + 1 })}
              placeholder={text("ui.form.value")}
              spellCheck={false}
              disabled={isDisabled || typeof row.value !== "string"}
              value={typeof row.value === "string" ? row.value : JSON.stringify(row.value)}
              onChange={(event) => change(rows.with(index, { ...row, value: event.currentTarget.value }))}
            />
            <IconButton
              label={text("ui.form.removeItem", { name, number: index + 1 })}
              disabled={isDisabled}
              onClick={() => change(rows.filter((_row, other) => other !== index))}
            >
              <IconX size={16} />
            </IconButton>
          </div>
        );
      })}
      <Button
        className={classes.add ?? ""}
        size="xs"
        variant="default"
        disabled={isDisabled}
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => change([...rows, { name: "", value: "" }])}
      >
        {text("ui.form.add")}
      </Button>
    </FieldGroup>
  );
}
