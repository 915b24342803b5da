/** The state of one editor: the definition in its three forms, what is wrong with it, and the plan of what it would do. */
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type Diagnostic, diagnose } from "#domain/definitions/index.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { daemonPaths, RequestFailed, requestJson } from "../../data/request.ts";
import { useLanguage } from "../../i18n/language-provider.tsx";
import type { Language } from "../../i18n/languages.ts";
import type { DefinitionForm } from "../definition/definition-form.ts";
import {
  type DefinitionDocument,
  editText,
  type FieldPath,
  type JsonFields,
  openDocument,
  type Syntax,
  setField,
} from "../definition/document.ts";
import { judgeDefinition, type PlacedProblem, problemsOfAnswer } from "../definition/problems.ts";

/** After the last key. */
const planDelayMs = 500;
const diagnoseDelayMs = 200;

/** What differs between what is edited: a service, a job. */
export interface EditorKind<Planned> {
  readonly form: DefinitionForm;
  readonly readPlan: (definition: JsonFields, language: Language, signal: AbortSignal) => Promise<Planned>;
  /** Whether a plan is soon another one, though nothing is typed. False: it is not. */
  readonly pollMs?: (plan: Planned) => number | false;
}

export interface DefinitionState {
  readonly form: DefinitionForm;
  readonly document: DefinitionDocument;
  /** Something was changed since it was opened. */
  readonly isTouched: boolean;
  readonly problems: readonly PlacedProblem[];
  setField(path: FieldPath, to: unknown): void;
  editText(syntax: Syntax, text: string): void;
}

export interface EditorModel<Planned> extends DefinitionState {
  readonly plan: UseQueryResult<Planned>;
  /** The plan shown is of the definition as it stands. */
  readonly isPlanCurrent: boolean;
}

export function useEditor<Planned>(start: JsonFields, kind: EditorKind<Planned>): EditorModel<Planned> {
  const { language } = useLanguage();
  const [document, setDocument] = useState(() => openDocument(start));
  const [isTouched, setIsTouched] = useState(false);
  const { value } = document;
  const { form, pollMs } = kind;
  const { root } = form;
  const defaultRole = useDefaultRole();
  const own = useMemo(
    () => judgeDefinition(value, { root, defaultRole, language }),
    [value, root, defaultRole, language],
  );
  const [settled] = useDebouncedValue(value, planDelayMs);
  const isGood = document.fault === undefined && own.length === 0;
  const plan = useQuery({
    queryKey: ["plan", root, settled, language],
    queryFn: ({ signal }) => kind.readPlan(settled, language, signal),
    enabled: isGood && settled === value,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    refetchInterval: ({ state }) => (state.data === undefined ? false : (pollMs?.(state.data) ?? false)),
    retry: (failures, error) => failures < 2 && error instanceof RequestFailed && error.status === 503,
  });
  const answered =
    plan.error instanceof RequestFailed ? problemsOfAnswer(plan.error.body, value, { language, root }) : [];
  return {
    form,
    document,
    isTouched,
    problems: own.length > 0 ? own : answered,
    plan,
    isPlanCurrent:
      isGood && settled === value && plan.data !== undefined && !plan.isPlaceholderData && !plan.isError,
    setField: (path, to) => {
      setIsTouched(true);
      setDocument((before) => setField(before, path, to));
    },
    editText: (syntax, text) => {
      setIsTouched(true);
      setDocument((before) => editText(before, syntax, text));
    },
  };
}

/** What is wrong or doubtful in a text, with its place; a moment after the last key. */
export function useDiagnostics(syntax: Syntax, text: string): readonly Diagnostic[] {
  const { language } = useLanguage();
  const defaultRole = useDefaultRole();
  const [settled] = useDebouncedValue(text, diagnoseDelayMs);
  return useMemo(
    () => diagnose(settled, { format: syntax, language, defaultRole }),
    [settled, syntax, language, defaultRole],
  );
}

/** Role of the framework, which every definition has. Source: Marathon `GET /v2/info`, `marathon_config.mesos_role`. */
function useDefaultRole(): string {
  const info = useQuery({
    queryKey: ["services", "info"],
    queryFn: ({ signal }) => requestJson(`${daemonPaths.services}/v2/info`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const configuration = isJsonObject(info.data) ? info.data["marathon_config"] : undefined;
  const role = isJsonObject(configuration) ? configuration["mesos_role"] : undefined;
  return typeof role === "string" ? role : "slave_public";
}
