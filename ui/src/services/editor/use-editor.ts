/** The state of one editor: the definition in its three forms, what is wrong with it, and the plan of what it would do. */
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Plan } from "#contracts/services/plan.ts";
import { type Diagnostic, diagnose } from "#domain/definitions/index.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { daemonPaths, RequestFailed, requestJson } from "../../data/request.ts";
import { useLanguage } from "../../i18n/language-provider.tsx";
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
import { lockPollMs } from "../plan/use-lock-answer.ts";
import { readPlan } from "../service-changes.ts";

/** After the last key. */
const planDelayMs = 500;
const diagnoseDelayMs = 200;

export interface EditorModel {
  readonly document: DefinitionDocument;
  /** Something was changed since it was opened. */
  readonly isTouched: boolean;
  readonly problems: readonly PlacedProblem[];
  readonly plan: UseQueryResult<Plan>;
  /** The plan shown is of the definition as it stands. */
  readonly isPlanCurrent: boolean;
  setField(path: FieldPath, to: unknown): void;
  editText(syntax: Syntax, text: string): void;
}

export function useEditor(start: JsonFields): EditorModel {
  const { language } = useLanguage();
  const [document, setDocument] = useState(() => openDocument(start));
  const [isTouched, setIsTouched] = useState(false);
  const { value } = document;
  const defaultRole = useDefaultRole();
  const own = useMemo(
    () => judgeDefinition(value, { defaultRole, language }),
    [value, defaultRole, language],
  );
  const [settled] = useDebouncedValue(value, planDelayMs);
  const isGood = document.fault === undefined && own.length === 0;
  const plan = useQuery({
    queryKey: ["plan", settled, language],
    queryFn: ({ signal }) => readPlan({ definitions: [{ ...settled }] }, language, signal),
    enabled: isGood && settled === value,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    refetchInterval: ({ state }) => ((state.data?.lockedBy.length ?? 0) > 0 ? lockPollMs : false),
    retry: (failures, error) => failures < 2 && error instanceof RequestFailed && error.status === 503,
  });
  const answered =
    plan.error instanceof RequestFailed ? problemsOfAnswer(plan.error.body, value, language) : [];
  return {
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
