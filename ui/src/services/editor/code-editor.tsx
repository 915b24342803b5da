/** A definition as text. Without `onChange` it is read only. Loaded when first shown. */
import { Annotation, Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { type ReactNode, useEffect, useRef } from "react";
import type { Diagnostic } from "#domain/definitions/index.ts";
import { useLanguage, useText } from "../../i18n/language-provider.tsx";
import type { DefinitionRoot } from "../definition/definition-form.ts";
import type { Syntax } from "../definition/document.ts";
import classes from "./code.module.css";
import { diagnosticMarks, helpExtensions, languageExtensions } from "./code-extensions.ts";

/** Marks changes that came from outside, which are not told as typed. */
const fromOutside = Annotation.define<boolean>();

export function CodeEditor(properties: {
  readonly syntax: Syntax;
  readonly text: string;
  readonly label: string;
  /** Whose fields are explained and completed: an app's unless said. */
  readonly root?: DefinitionRoot;
  readonly onChange?: (text: string) => void;
  /** What is wrong or doubtful in it, by place. */
  readonly found?: readonly Diagnostic[];
}): ReactNode {
  const { syntax, text: shown, label, found, root = "app" } = properties;
  const text = useText();
  const { language } = useLanguage();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const help = useRef(new Compartment());
  const onChange = useRef(properties.onChange);
  onChange.current = properties.onChange;
  const isReadOnly = properties.onChange === undefined;

  // biome-ignore lint/correctness/useExhaustiveDependencies: text and language are brought in by the effects below
  useEffect(() => {
    if (host.current === null) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: shown,
        extensions: [
          basicSetup,
          languageExtensions(syntax),
          help.current.of(isReadOnly ? [] : helpExtensions(syntax, language, text, root)),
          EditorState.readOnly.of(isReadOnly),
          EditorState.tabSize.of(2),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            const isTyped =
              update.docChanged && !update.transactions.some((each) => each.annotation(fromOutside) === true);
            if (isTyped) onChange.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [syntax, isReadOnly, label]);

  useEffect(() => {
    view.current?.dispatch({
      effects: help.current.reconfigure(isReadOnly ? [] : helpExtensions(syntax, language, text, root)),
    });
  }, [syntax, language, isReadOnly, text, root]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === shown) return;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: shown },
      annotations: fromOutside.of(true),
    });
  }, [shown]);

  useEffect(() => {
    const editor = view.current;
    if (editor !== null && found !== undefined) editor.dispatch(diagnosticMarks(editor.state, found));
  }, [found]);

  return (
    <div className={classes.frame}>
      <div ref={host} className={classes.editor} data-read-only={isReadOnly || undefined} />
      {isReadOnly ? null : <p className={classes.hint}>{text("ui.editor.keys")}</p>}
    </div>
  );
}
