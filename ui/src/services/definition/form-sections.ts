/** The form's sections and fields: which control shows which part of a definition. Meaning and bounds come from the field docs. */
import type { TextKey } from "../../i18n/catalogue.ts";
import type { FieldPath } from "./document.ts";

export type FieldControl =
  | "text"
  | "multiline"
  | "number"
  | "switch"
  | "choice"
  | "textList"
  | "textMap"
  | "constraints"
  | "ports"
  | "healthChecks"
  | "artifacts"
  | "unreachable";

export interface FormField {
  readonly path: FieldPath;
  readonly label: TextKey;
  readonly control: FieldControl;
  /** Half a line is enough. */
  readonly isShort?: boolean;
}

export interface FormSection {
  readonly id: string;
  readonly title: TextKey;
  readonly fields: readonly FormField[];
  /** Shown when it is asked for, or when something of it is set or wrong. */
  readonly isFolded?: boolean;
}

const field = (name: string, control: FieldControl, label: TextKey, isShort = false): FormField => ({
  path: name.split("."),
  control,
  label,
  ...(isShort ? { isShort } : {}),
});

export const formSections: readonly FormSection[] = [
  {
    id: "general",
    title: "ui.form.general",
    fields: [field("id", "text", "ui.field.id"), field("instances", "number", "ui.field.instances", true)],
  },
  {
    id: "command",
    title: "ui.form.command",
    fields: [field("cmd", "multiline", "ui.field.cmd")],
  },
  {
    id: "resources",
    title: "ui.form.resources",
    fields: [
      field("cpus", "number", "ui.field.cpus", true),
      field("mem", "number", "ui.field.mem", true),
      field("disk", "number", "ui.field.disk", true),
      field("gpus", "number", "ui.field.gpus", true),
    ],
  },
  {
    id: "ports",
    title: "ui.form.ports",
    fields: [
      field("portDefinitions", "ports", "ui.field.portDefinitions"),
      field("requirePorts", "switch", "ui.field.requirePorts"),
    ],
  },
  {
    id: "healthChecks",
    title: "ui.form.healthChecks",
    fields: [field("healthChecks", "healthChecks", "ui.field.healthChecks")],
  },
  {
    id: "environment",
    title: "ui.form.environment",
    fields: [field("env", "textMap", "ui.field.env")],
  },
  { id: "labels", title: "ui.form.labels", fields: [field("labels", "textMap", "ui.field.labels")] },
  {
    id: "placement",
    title: "ui.form.placement",
    fields: [
      field("constraints", "constraints", "ui.field.constraints"),
      field("acceptedResourceRoles", "textList", "ui.field.acceptedResourceRoles"),
    ],
  },
  {
    id: "upgrade",
    title: "ui.form.upgrade",
    fields: [
      field("upgradeStrategy.minimumHealthCapacity", "number", "ui.field.minimumHealthCapacity", true),
      field("upgradeStrategy.maximumOverCapacity", "number", "ui.field.maximumOverCapacity", true),
      field("killSelection", "choice", "ui.field.killSelection", true),
      field("taskKillGracePeriodSeconds", "number", "ui.field.taskKillGracePeriodSeconds", true),
    ],
  },
  {
    id: "advanced",
    title: "ui.form.advanced",
    isFolded: true,
    fields: [
      field("args", "textList", "ui.field.args"),
      field("fetch", "artifacts", "ui.field.fetch"),
      field("user", "text", "ui.field.user", true),
      field("backoffSeconds", "number", "ui.field.backoffSeconds", true),
      field("backoffFactor", "number", "ui.field.backoffFactor", true),
      field("maxLaunchDelaySeconds", "number", "ui.field.maxLaunchDelaySeconds", true),
      field("unreachableStrategy", "unreachable", "ui.field.unreachableStrategy"),
      field("dependencies", "textList", "ui.field.dependencies"),
      field("role", "text", "ui.field.role", true),
      field("executor", "text", "ui.field.executor", true),
    ],
  },
];

/** Of the definition's field in the field docs: `app.upgradeStrategy.minimumHealthCapacity`. */
export const docPath = (path: FieldPath): string =>
  ["app", ...path.filter((step) => typeof step === "string")].join(".");

/** Whether the first names the second or something inside it. */
export const isWithin = (outer: FieldPath, inner: FieldPath): boolean =>
  outer.length <= inner.length && outer.every((step, index) => step === inner[index]);

/** The section that shows a field; undefined for one that only the texts show. */
export const sectionOf = (path: FieldPath): FormSection | undefined =>
  formSections.find(({ fields }) =>
    fields.some((shown) => isWithin(shown.path, path) || isWithin(path, shown.path)),
  );
