/** The definition as text, with everything that is wrong in it named below. */
import type { ReactNode } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import type { Syntax } from "../definition/document.ts";
import { CodeEditor } from "./code-editor.tsx";
import classes from "./editor.module.css";
import { type DefinitionState, useDiagnostics } from "./use-editor.ts";

export function TextPane(properties: {
  readonly syntax: Syntax;
  readonly editor: DefinitionState;
}): ReactNode {
  const { syntax, editor } = properties;
  const text = useText();
  const { fault } = editor.document;
  const written = editor.document[syntax];
  const found = useDiagnostics(syntax, written);
  const isOtherBroken = fault !== undefined && fault.syntax !== syntax;
  const told = found.filter(({ severity }) => severity !== "hint");
  return (
    <div>
      {isOtherBroken ? (
        <p className={classes.note} role="status">
          {text("ui.editor.otherBroken", { syntax: fault.syntax.toUpperCase(), line: fault.line })}
        </p>
      ) : null}
      <CodeEditor
        syntax={syntax}
        root={editor.form.root}
        text={written}
        label={text(`ui.editor.pane.${syntax}`)}
        found={found}
        onChange={(next) => editor.editText(syntax, next)}
      />
      {fault?.syntax === syntax && fault.kind === "numberTooLarge" ? (
        <p className={classes.note} data-severity="error" role="alert">
          {text("ui.editor.numberTooLarge", { line: fault.line })}
        </p>
      ) : null}
      {told.length === 0 ? null : (
        <ul className={classes.found}>
          {told.map(({ line, column, severity, message }) => (
            <li key={`${line}:${column} ${message}`} data-severity={severity}>
              <span className={classes.place}>
                {line}:{column}
              </span>
              {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
