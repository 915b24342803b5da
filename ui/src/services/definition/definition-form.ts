/** What a form is: sections and fields, which control shows which part of a definition. Meaning and bounds come from the field docs. */
import type { TextKey } from "../../i18n/catalogue.ts";
import type { FieldPath } from "./document.ts";

/** Whose fields they are, in the field docs. */
export type DefinitionRoot = "app" | "job";

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
  | "unreachable"
  | "parents"
  | "placement"
  | "schedule";

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

export interface DefinitionForm {
  readonly root: DefinitionRoot;
  readonly sections: readonly FormSection[];
}

export const field = (name: string, control: FieldControl, label: TextKey, isShort = false): FormField => ({
  path: name.split("."),
  control,
  label,
  ...(isShort ? { isShort } : {}),
});

/** Of the definition's field in the field docs: `app.upgradeStrategy.minimumHealthCapacity`. */
export const docPath = (root: DefinitionRoot, path: FieldPath): string =>
  [root, ...path.filter((step) => typeof step === "string")].join(".");

/** Whether the first names the second or something inside it. */
export const isWithin = (outer: FieldPath, inner: FieldPath): boolean =>
  outer.length <= inner.length && outer.every((step, index) => step === inner[index]);

/** The section that shows a field; undefined for one that only the texts show. */
export const sectionOf = ({ sections }: DefinitionForm, path: FieldPath): FormSection | undefined =>
  sections.find(({ fields }) =>
    fields.some((shown) => isWithin(shown.path, path) || isWithin(path, shown.path)),
  );
