/** A field of the form that is one input. */
import { NumberInput, Select, Switch, Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import type { FormField } from "../definition/definition-form.ts";
import type { FieldPath } from "../definition/document.ts";
import { useDescription } from "./field-frame.tsx";
import { useField } from "./form-context.tsx";

/** A single input. An emptied one takes the field away, so that the default holds again. */
export function SimpleField(properties: { readonly field: FormField }): ReactNode {
  const { path, label, control } = properties.field;
  const text = useText();
  const describe = useDescription();
  const { value, doc, problems, isDisabled, set } = useField(path);
  const shared = {
    label: text(label),
    description: describe(doc),
    required: doc?.isRequired === true && isAsked(path),
    disabled: isDisabled,
    error: problems.length === 0 ? undefined : problems.map(({ message }) => message).join(" "),
    "data-field": path.join("."),
  };
  const written = typeof value === "string" || typeof value === "number" ? value : "";
  switch (control) {
    case "number":
      return (
        <NumberInput
          {...shared}
          value={written}
          min={0}
          {...(doc?.unit === undefined ? {} : { suffix: ` ${doc.unit}` })}
          placeholder={doc?.default === undefined || doc.default === null ? "" : String(doc.default)}
          allowDecimal={doc?.type !== "integer"}
          stepHoldDelay={400}
          stepHoldInterval={80}
          onChange={(next) => set(next === "" ? undefined : next)}
        />
      );
    case "switch":
      return (
        <Switch
          {...shared}
          checked={(value ?? doc?.default) === true}
          onChange={({ currentTarget: { checked } }) =>
            set(checked === (doc?.default === true) ? undefined : checked)
          }
        />
      );
    case "choice":
      return (
        <Select
          {...shared}
          data={[...(doc?.values ?? [])]}
          value={typeof value === "string" ? value : null}
          placeholder={String(doc?.default ?? "")}
          clearable
          clearButtonProps={{ "aria-label": text("ui.form.clear") }}
          onChange={(next) => set(next ?? undefined)}
        />
      );
    case "multiline":
      return (
        <Textarea
          {...shared}
          autosize
          minRows={2}
          maxRows={14}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={String(written)}
          onChange={(event) => set(event.currentTarget.value === "" ? undefined : event.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput
          {...shared}
          spellCheck={false}
          value={String(written)}
          placeholder={
            typeof doc?.example === "string" ? text("ui.form.example", { value: doc.example }) : ""
          }
          onChange={(event) => set(event.currentTarget.value === "" ? undefined : event.currentTarget.value)}
        />
      );
  }
}

/** Whether a definition lacks something without it: what is required within a part need not be there without the part. */
const isAsked = (path: FieldPath): boolean => path.length === 1 || (path.length === 2 && path[0] === "run");
