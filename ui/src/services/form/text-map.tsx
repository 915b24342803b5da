/** Names and values. Rows that can't stand in the definition yet, without a name or with one twice, stay here until they can. */
import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import type { FormField } from "../definition/definition-form.ts";
import { FieldGroup } from "./field-frame.tsx";
import classes from "./form.module.css";
import { useField } from "./form-context.tsx";
import { type MapRow, mapOfRows, rowProblem, rowsOf, showsMap } from "./map-rows.ts";
import { Rows } from "./rows.tsx";

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
      <Rows
        name={name}
        items={rows}
        isDisabled={isDisabled}
        fresh={{ name: "", value: "" }}
        change={change}
        show={(row, index) => {
          const problem = rowProblem(rows, index);
          return (
            <>
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
            </>
          );
        }}
      />
    </FieldGroup>
  );
}
