/** Lists of things with fields: ports, health checks, artifacts, rules of a job; and constraints, which are lists of words. */
import { Autocomplete, Select, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { TextKey } from "../../i18n/catalogue.ts";
import { useText } from "../../i18n/language-provider.tsx";
import type { FieldControl, FormField } from "../definition/definition-form.ts";
import { fieldAt } from "../definition/document.ts";
import { FieldGroup } from "./field-frame.tsx";
import classes from "./form.module.css";
import { useField } from "./form-context.tsx";
import { orAbsent, Rows } from "./rows.tsx";
import { SimpleField } from "./simple-field.tsx";

interface ItemField {
  readonly path: readonly string[];
  readonly label: TextKey;
  readonly control: FieldControl;
  /** Shown for these items only. */
  readonly when?: (item: unknown) => boolean;
}

const protocolOf = (item: unknown): unknown => fieldAt(item, ["protocol"]) ?? "HTTP";
const isHttp = (item: unknown): boolean => String(protocolOf(item)).includes("HTTP");
const isCommand = (item: unknown): boolean => protocolOf(item) === "COMMAND";

const portFields: readonly ItemField[] = [
  { path: ["name"], label: "ui.field.portName", control: "text" },
  { path: ["port"], label: "ui.field.port", control: "number" },
  { path: ["protocol"], label: "ui.field.protocol", control: "choice" },
];

const healthCheckFields: readonly ItemField[] = [
  { path: ["protocol"], label: "ui.field.protocol", control: "choice" },
  { path: ["path"], label: "ui.field.httpPath", control: "text", when: isHttp },
  { path: ["command", "value"], label: "ui.field.checkCommand", control: "text", when: isCommand },
  { path: ["portIndex"], label: "ui.field.portIndex", control: "number", when: (item) => !isCommand(item) },
  { path: ["gracePeriodSeconds"], label: "ui.field.gracePeriodSeconds", control: "number" },
  { path: ["intervalSeconds"], label: "ui.field.intervalSeconds", control: "number" },
  { path: ["timeoutSeconds"], label: "ui.field.timeoutSeconds", control: "number" },
  { path: ["maxConsecutiveFailures"], label: "ui.field.maxConsecutiveFailures", control: "number" },
];

const artifactFields: readonly ItemField[] = [
  { path: ["uri"], label: "ui.field.uri", control: "text" },
  { path: ["executable"], label: "ui.field.executable", control: "switch" },
];

const placementFields: readonly ItemField[] = [
  { path: ["attribute"], label: "ui.field.attribute", control: "text" },
  { path: ["operator"], label: "ui.field.operator", control: "choice" },
  { path: ["value"], label: "ui.field.value", control: "text" },
];

const parentFields: readonly ItemField[] = [{ path: ["id"], label: "ui.field.id", control: "text" }];

export const PortList = (properties: { readonly field: FormField }): ReactNode => (
  <ItemList
    field={properties.field}
    fields={portFields}
    fresh={{ port: 0, protocol: "tcp" }}
    absent="ui.form.portsAbsent"
  />
);
export const HealthCheckList = (properties: { readonly field: FormField }): ReactNode => (
  <ItemList
    field={properties.field}
    fields={healthCheckFields}
    fresh={{ protocol: "HTTP", path: "/", portIndex: 0 }}
  />
);
export const ArtifactList = (properties: { readonly field: FormField }): ReactNode => (
  <ItemList field={properties.field} fields={artifactFields} fresh={{ uri: "" }} />
);
export const PlacementList = (properties: { readonly field: FormField }): ReactNode => (
  <ItemList
    field={properties.field}
    fields={placementFields}
    fresh={{ attribute: "hostname", operator: "IS", value: "" }}
  />
);
export const ParentList = (properties: { readonly field: FormField }): ReactNode => (
  <ItemList field={properties.field} fields={parentFields} fresh={{ id: "" }} />
);

function ItemList(properties: {
  readonly field: FormField;
  readonly fields: readonly ItemField[];
  /** What an added item has at first. */
  readonly fresh: object;
  /** Said when the field is absent and that means something. */
  readonly absent?: TextKey;
}): ReactNode {
  const { field, fields, fresh, absent } = properties;
  const text = useText();
  const { value, doc, problems, isDisabled, set } = useField(field.path);
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const name = text(field.label);
  const whole = problems.filter(({ path }) => path.length <= field.path.length + 1);
  return (
    <FieldGroup label={name} doc={doc} problems={whole}>
      {value === undefined && absent !== undefined ? (
        <p className={classes.description}>{text(absent)}</p>
      ) : null}
      <Rows
        name={name}
        items={items}
        isFramed
        isDisabled={isDisabled}
        fresh={fresh}
        change={set}
        show={(item, index) =>
          fields
            .filter(({ when }) => when?.(item) ?? true)
            .map(({ path, label, control }) => (
              <SimpleField
                key={path.join(".")}
                field={{ path: [...field.path, index, ...path], label, control }}
              />
            ))
        }
      />
    </FieldGroup>
  );
}

const operators = ["UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS"];

export function ConstraintList(properties: { readonly field: FormField }): ReactNode {
  const { path, label } = properties.field;
  const text = useText();
  const { value, doc, problems, isDisabled, set } = useField(path);
  const rows = (Array.isArray(value) ? value : []).map((row): readonly string[] =>
    Array.isArray(row) ? row.map(String) : [],
  );
  const name = text(label);
  const change = (index: number, next: readonly string[]): void => set(rows.with(index, next));
  return (
    <FieldGroup label={name} doc={doc} problems={problems}>
      <Rows
        name={name}
        items={rows}
        isDisabled={isDisabled}
        fresh={["hostname", "UNIQUE"]}
        change={(next) => set(orAbsent(next))}
        show={([field = "", operator = "", ...operand], index) => (
          <>
            <Autocomplete
              className={classes.grow ?? ""}
              aria-label={text("ui.form.constraintField", { number: index + 1 })}
              data={["hostname", "@region", "@zone"]}
              disabled={isDisabled}
              value={field}
              onChange={(next) => change(index, [next, operator, ...operand])}
            />
            <Select
              className={classes.grow ?? ""}
              aria-label={text("ui.form.constraintOperator", { number: index + 1 })}
              data={operators}
              allowDeselect={false}
              disabled={isDisabled}
              value={operator.toUpperCase()}
              onChange={(next) =>
                change(index, [field, next ?? operator, ...(next === "UNIQUE" ? [] : operand)])
              }
            />
            <TextInput
              className={classes.grow ?? ""}
              aria-label={text("ui.form.constraintValue", { number: index + 1 })}
              disabled={isDisabled || operator.toUpperCase() === "UNIQUE"}
              value={operand[0] ?? ""}
              onChange={(event) => {
                const typed = event.currentTarget.value;
                change(index, [field, operator, ...(typed === "" ? [] : [typed])]);
              }}
            />
          </>
        )}
      />
    </FieldGroup>
  );
}
