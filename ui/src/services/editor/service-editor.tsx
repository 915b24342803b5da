/**
 * Making or changing a service: form, YAML or JSON on one side, what it would do on the other, always of what stands
 * there now. Applying happens beside it, and its progress takes the plan's place.
 */
import { Alert, SegmentedControl } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import type { JsonFields } from "../definition/document.ts";
import { FormContext } from "../form/form-context.tsx";
import { FormView } from "../form/form-view.tsx";
import { ApplyPanel } from "./apply-panel.tsx";
import classes from "./editor.module.css";
import { ProgressPanel } from "./progress-panel.tsx";
import { type EditorModel, useEditor } from "./use-editor.ts";

const TextPane = lazy(() => import("./text-pane.tsx").then((module) => ({ default: module.TextPane })));
const panes = ["form", "yaml", "json"] as const;
const texts = ["yaml", "json"] as const;
type Pane = (typeof panes)[number];

export interface Applied {
  readonly id: string;
  readonly deploymentId: string | undefined;
}

export function ServiceEditor(properties: {
  readonly start: JsonFields;
  readonly isExisting: boolean;
}): ReactNode {
  const { start, isExisting } = properties;
  const text = useText();
  const editor = useEditor(start);
  // The form has an app's fields.
  const offered = "containers" in editor.document.value ? texts : panes;
  const [chosen, setPane] = useState<Pane>("form");
  const pane = offered.find((name) => name === chosen) ?? "yaml";
  const [applied, setApplied] = useState<Applied | undefined>();
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
        {applied === undefined ? (
          <ApplyPanel editor={editor} isExisting={isExisting} onApplied={setApplied} />
        ) : (
          <ProgressPanel applied={applied} onEditAgain={() => setApplied(undefined)} />
        )}
      </aside>
    </div>
  );
}

function PaneContent(properties: {
  readonly pane: Pane;
  readonly editor: EditorModel;
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
