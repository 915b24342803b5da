/** What every field of the form needs: the value, how to change it, what is wrong, what fields mean. */
import { createContext, use } from "react";
import { explainField, type FieldDoc } from "#contracts/docs/field-docs.ts";
import { useLanguage } from "../../i18n/language-provider.tsx";
import { type DefinitionForm, docPath, isWithin } from "../definition/definition-form.ts";
import { type FieldPath, fieldAt, type JsonFields } from "../definition/document.ts";
import type { PlacedProblem } from "../definition/problems.ts";

export interface FormState {
  readonly form: DefinitionForm;
  readonly value: JsonFields;
  /** The id may not be changed: it is another service or job then. */
  readonly isExisting: boolean;
  /** A text can't be read; the form shows what was there before and can't be changed. */
  readonly isBroken: boolean;
  readonly problems: readonly PlacedProblem[];
  set(path: FieldPath, to: unknown): void;
}

export const FormContext = createContext<FormState | undefined>(undefined);

export function useForm(): FormState {
  const form = use(FormContext);
  if (form === undefined) throw new Error("a field needs a form around it");
  return form;
}

export interface BoundField {
  readonly value: unknown;
  readonly doc: FieldDoc | undefined;
  /** Of this field and what is inside it. */
  readonly problems: readonly PlacedProblem[];
  readonly isDisabled: boolean;
  set(to: unknown): void;
}

export function useField(path: FieldPath): BoundField {
  const form = useForm();
  const { language } = useLanguage();
  return {
    value: fieldAt(form.value, path),
    doc: explainField(docPath(form.form.root, path), language),
    problems: form.problems.filter((problem) => problem.path.length > 0 && isWithin(path, problem.path)),
    isDisabled: form.isBroken || (form.isExisting && path.length === 1 && path[0] === "id"),
    set: (to) => form.set(path, to),
  };
}
