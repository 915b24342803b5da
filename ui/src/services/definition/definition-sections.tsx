/** A definition as a person reads it: sections, fields by their names, only what is set. */
import type { ReactNode } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import { appForm } from "./app-form.ts";
import classes from "./definition.module.css";
import { isWithin } from "./definition-form.ts";
import { fieldAt, type JsonFields } from "./document.ts";
import { FieldValue } from "./field-value.tsx";

export function DefinitionSections(properties: { readonly definition: JsonFields }): ReactNode {
  const { definition } = properties;
  const text = useText();
  const shown = appForm.sections
    .map((section) => ({
      ...section,
      fields: section.fields.filter(({ path }) => isSet(fieldAt(definition, path))),
    }))
    .filter(({ fields }) => fields.length > 0);
  const known = appForm.sections.flatMap(({ fields }) => fields.map(({ path }) => path));
  const others = Object.entries(definition).filter(
    ([name, value]) => isSet(value) && !known.some((path) => isWithin([name], path)),
  );
  return (
    <div className={classes.sections}>
      {shown.map(({ id, title, fields }) => (
        <section key={id} className={classes.section}>
          <h2>{text(title)}</h2>
          <dl className={classes.pairs}>
            {fields.map(({ path, label }) => (
              <div key={path.join(".")}>
                <dt>{text(label)}</dt>
                <dd>
                  <FieldValue value={fieldAt(definition, path)} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      {others.length === 0 ? null : (
        <section className={classes.section}>
          <h2>{text("ui.form.others")}</h2>
          <dl className={classes.pairs}>
            {others.map(([name, value]) => (
              <div key={name}>
                <dt>
                  <code>{name}</code>
                </dt>
                <dd>
                  <FieldValue value={value} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
    </div>
  );
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === "") return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}
