/** The definition as a form: sections, those of experts folded until something in them is set or wrong. */
import { IconChevronDown } from "@tabler/icons-react";
import { type ReactNode, useId, useState } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import { type FormSection, sectionOf } from "../definition/definition-form.ts";
import { fieldAt } from "../definition/document.ts";
import { Field } from "./field.tsx";
import { Problems } from "./field-frame.tsx";
import classes from "./form.module.css";
import { useForm } from "./form-context.tsx";

export function FormView(): ReactNode {
  const { form, problems } = useForm();
  const general = problems.filter(({ path }) => path.length === 0 || sectionOf(form, path) === undefined);
  return (
    <div className={classes.form}>
      <Problems problems={general} />
      {form.sections.map((section) => (
        <Section key={section.id} section={section} />
      ))}
    </div>
  );
}

function Section(properties: { readonly section: FormSection }): ReactNode {
  const { section } = properties;
  const text = useText();
  const id = useId();
  const { form, value, problems } = useForm();
  const wrong = problems.filter(
    ({ path }) => path.length > 0 && sectionOf(form, path)?.id === section.id,
  ).length;
  const isUsed = section.fields.some(({ path }) => fieldAt(value, path) !== undefined);
  const [isAsked, setIsAsked] = useState<boolean | undefined>();
  const isOpen = section.isFolded !== true || (isAsked ?? (isUsed || wrong > 0)) || wrong > 0;
  const count =
    wrong === 0 ? null : <span className={classes.wrong}>{text("ui.form.wrong", { count: wrong })}</span>;
  return (
    <section className={classes.section} id={`section-${section.id}`} aria-labelledby={id}>
      <h2 id={id} className={classes.title}>
        {section.isFolded === true ? (
          <button
            type="button"
            className={classes.fold}
            aria-expanded={isOpen}
            onClick={() => setIsAsked(!isOpen)}
          >
            {text(section.title)}
            <IconChevronDown size={16} stroke={1.8} aria-hidden data-open={isOpen || undefined} />
          </button>
        ) : (
          text(section.title)
        )}
        {count}
      </h2>
      {isOpen ? (
        <div className={classes.fields}>
          {section.fields.map((field) => (
            <div key={field.path.join(".")} className={classes.field} data-short={field.isShort}>
              <Field field={field} />
            </div>
          ))}
        </div>
      ) : null}
    </section>
  );
}
