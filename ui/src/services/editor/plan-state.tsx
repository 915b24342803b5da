/** The plan of a definition as it stands, or what is in the way of one. */
import type { ReactNode } from "react";
import { Loading } from "../../components/states.tsx";
import type { TextKey } from "../../i18n/catalogue.ts";
import { errorText } from "../../i18n/error-text.ts";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./editor.module.css";
import type { EditorModel } from "./use-editor.ts";

export function PlanState<Planned>(properties: {
  readonly editor: EditorModel<Planned>;
  readonly isExisting: boolean;
  /** What to begin with, while nothing is written. */
  readonly begin: TextKey;
  readonly children: (plan: Planned) => ReactNode;
}): ReactNode {
  const { editor, isExisting, begin, children: show } = properties;
  const text = useText();
  const { document, isTouched, problems, plan, isPlanCurrent } = editor;
  if (!isTouched && !isExisting) return <p className="quiet">{text(begin)}</p>;
  if (document.fault !== undefined)
    return <p className={classes.error}>{text("ui.editor.unreadable", { line: document.fault.line })}</p>;
  if (problems.length > 0)
    return (
      <>
        <p className={classes.error}>{text("ui.editor.problems", { count: problems.length })}</p>
        <ul className={classes.found}>
          {problems.slice(0, 5).map(({ path, message }) => (
            <li key={`${path.join("/")} ${message}`} data-severity="error">
              {path.length === 0 ? null : <code className={classes.place}>{path.join(".")}</code>}
              {message}
            </li>
          ))}
        </ul>
      </>
    );
  if (isPlanCurrent && plan.data !== undefined) return show(plan.data);
  if (plan.error !== null) return <p className={classes.error}>{errorText(text, plan.error)}</p>;
  return <Loading lines={3} />;
}
