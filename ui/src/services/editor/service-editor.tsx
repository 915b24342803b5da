/** Making or changing a service. Applying happens beside its definition, and its progress takes the plan's place. */
import { type ReactNode, useState } from "react";
import type { Plan } from "#contracts/services/plan.ts";
import { appForm } from "../definition/app-form.ts";
import type { JsonFields } from "../definition/document.ts";
import { lockPollMs } from "../plan/use-lock-answer.ts";
import { readPlan } from "../service-changes.ts";
import { ApplyPanel } from "./apply-panel.tsx";
import { EditorFrame } from "./editor-frame.tsx";
import { ProgressPanel } from "./progress-panel.tsx";
import { type EditorKind, useEditor } from "./use-editor.ts";

const kind: EditorKind<Plan> = {
  form: appForm,
  readPlan: (definition, language, signal) =>
    readPlan({ definitions: [{ ...definition }] }, language, signal),
  pollMs: ({ lockedBy }) => (lockedBy.length > 0 ? lockPollMs : false),
};

export interface Applied {
  readonly id: string;
  readonly deploymentId: string | undefined;
}

export function ServiceEditor(properties: {
  readonly start: JsonFields;
  readonly isExisting: boolean;
}): ReactNode {
  const { start, isExisting } = properties;
  const editor = useEditor(start, kind);
  const [applied, setApplied] = useState<Applied | undefined>();
  return (
    <EditorFrame
      editor={editor}
      isExisting={isExisting}
      // The form has an app's fields.
      isTextOnly={"containers" in editor.document.value}
    >
      {applied === undefined ? (
        <ApplyPanel editor={editor} isExisting={isExisting} onApplied={setApplied} />
      ) : (
        <ProgressPanel applied={applied} onEditAgain={() => setApplied(undefined)} />
      )}
    </EditorFrame>
  );
}
