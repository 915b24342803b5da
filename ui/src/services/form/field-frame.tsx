/** What surrounds every field of the form: its name, what it means and what is assumed, what is wrong with it. */
import { IconAlertCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { FieldDoc } from "#contracts/docs/field-docs.ts";
import { useText } from "../../i18n/language-provider.tsx";
import type { PlacedProblem } from "../definition/problems.ts";
import classes from "./form.module.css";

/** For controls that are more than one input: a group with the field's name. */
export function FieldGroup(properties: {
  readonly label: string;
  readonly doc: FieldDoc | undefined;
  readonly problems: readonly PlacedProblem[];
  readonly children: ReactNode;
}): ReactNode {
  const { label, doc, problems } = properties;
  return (
    <fieldset className={classes.group}>
      <legend className={classes.legend}>{label}</legend>
      {doc === undefined ? null : <p className={classes.description}>{withCode(doc.description)}</p>}
      {properties.children}
      <Problems problems={problems} />
    </fieldset>
  );
}

export function Problems(properties: { readonly problems: readonly PlacedProblem[] }): ReactNode {
  return properties.problems.map((problem) => (
    <p key={`${problem.path.join("/")} ${problem.message}`} className={classes.problem} role="alert">
      <IconAlertCircle size={15} stroke={1.8} aria-hidden />
      {problem.message}
    </p>
  ));
}

/** Description, unit and default in one line below a label. */
export function useDescription(): (doc: FieldDoc | undefined) => ReactNode {
  const text = useText();
  return (doc) => {
    if (doc === undefined) return undefined;
    const isPlain =
      doc.default !== undefined &&
      doc.default !== null &&
      typeof doc.default !== "object" &&
      doc.default !== "";
    const said = isPlain ? ` ${text("ui.form.default", { value: String(doc.default) })}` : "";
    return withCode(doc.description + said);
  };
}

/** What stands between backticks is code. */
function withCode(description: string): ReactNode {
  return description.split("`").map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts have nothing but their place
    index % 2 === 1 ? <code key={index}>{part}</code> : part,
  );
}
