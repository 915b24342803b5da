/**
 * Making or changing something by its definition: form, YAML or JSON on one side; on the other what it would do, always
 * of what stands there now.
 */
import { Alert, SegmentedControl } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { FormContext } from "../form/form-context.tsx";
import { FormView } from "../form/form-view.tsx";
import classes from "./editor.module.css";
import type { DefinitionState } from "./use-editor.ts";

const TextPane = lazy(() => import("./text-pane.tsx").then((module) => ({ default: module.TextPane })));
const panes = ["form", "yaml", "json"] as const;
const texts = ["yaml", "json"] as const;
type Pane = (typeof panes)[number];

export function EditorFrame(properties: {
  readonly editor: DefinitionState;
  readonly isExisting: boolean;
  /** The form has no fields for it. */
  readonly isTextOnly?: boolean;
  /** What stands at the side. */
  readonly children: ReactNode;
}): ReactNode {
  const { editor, isExisting, isTextOnly = false, children } = properties;
  const text = useText();
  const offered = isTextOnly ? texts : panes;
  const [chosen, setPane] = useState<Pane>("form");
  const pane = offered.find((name) => name === chosen) ?? "yaml";
  return (
    <div className={classes.editor}>
      <div className={classes.main}>
        <SegmentedControl
          className={classes.panes ?? ""}
          aria-label={text("ui.editor.pane")}
          value={pane}
          onChange={(next) => setPane(panes.find((name) => name === next) ?? "form")}
          data={offered.map((name) => ({ value: name, label: text(`ui.editor.pane.${name}`) }))}
        />
        <PaneContent pane={pane} editor={editor} isExisting={isExisting} />
      </div>
      <aside className={classes.side} aria-label={text("ui.plan.title")}>
        {children}
      </aside>
    </div>
  );
}

function PaneContent(properties: {
  readonly pane: Pane;
  readonly editor: DefinitionState;
  readonly isExisting: boolean;
}): ReactNode {
  const { pane, editor, isExisting } = properties;
  const text = useText();
  const { fault, value } = editor.document;
  if (pane !== "form")
    return (
      <Suspense fallback={<Loading />}>
        <TextPane key={pane} syntax={pane} editor={editor} />
      </Suspense>
    );
  const form = {
    form: editor.form,
    value,
    isExisting,
    isBroken: fault !== undefined,
    problems: editor.isTouched || isExisting ? editor.problems : [],
    set: editor.setField,
  };
  return (
    <FormContext value={form}>
      {fault === undefined ? null : (
        <Alert className={classes.broken ?? ""} variant="outline" role="alert">
          {text("ui.editor.broken", { syntax: fault.syntax.toUpperCase(), line: fault.line })}
        </Alert>
      )}
      <FormView />
    </FormContext>
  );
}
