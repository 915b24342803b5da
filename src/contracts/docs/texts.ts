/**
 * The written half of the field documentation, one file an area: `facts/` has what no language changes (default,
 * example, unit, version), `en/` and `zh/` the sentences. `field-docs.test.ts` holds them to the schemas.
 *
 * Keys are paths; `*.query.offset` is the text for all roots that have none of their own.
 */
import type { Language } from "../messages/messages.ts";
import enApp from "./en/app.json" with { type: "json" };
import enGroup from "./en/group.json" with { type: "json" };
import enIam from "./en/iam.json" with { type: "json" };
import enJob from "./en/job.json" with { type: "json" };
import enJobs from "./en/jobs.json" with { type: "json" };
import enKernel from "./en/kernel.json" with { type: "json" };
import enObserve from "./en/observe.json" with { type: "json" };
import enPod from "./en/pod.json" with { type: "json" };
import enServices from "./en/services.json" with { type: "json" };
import enShared from "./en/shared.json" with { type: "json" };
import factsApp from "./facts/app.json" with { type: "json" };
import factsGroup from "./facts/group.json" with { type: "json" };
import factsIam from "./facts/iam.json" with { type: "json" };
import factsJob from "./facts/job.json" with { type: "json" };
import factsJobs from "./facts/jobs.json" with { type: "json" };
import factsKernel from "./facts/kernel.json" with { type: "json" };
import factsObserve from "./facts/observe.json" with { type: "json" };
import factsPod from "./facts/pod.json" with { type: "json" };
import factsServices from "./facts/services.json" with { type: "json" };
import factsShared from "./facts/shared.json" with { type: "json" };
import zhApp from "./zh/app.json" with { type: "json" };
import zhGroup from "./zh/group.json" with { type: "json" };
import zhIam from "./zh/iam.json" with { type: "json" };
import zhJob from "./zh/job.json" with { type: "json" };
import zhJobs from "./zh/jobs.json" with { type: "json" };
import zhKernel from "./zh/kernel.json" with { type: "json" };
import zhObserve from "./zh/observe.json" with { type: "json" };
import zhPod from "./zh/pod.json" with { type: "json" };
import zhServices from "./zh/services.json" with { type: "json" };
import zhShared from "./zh/shared.json" with { type: "json" };

/** What is known of a field beside its schema and its sentence. */
export interface FieldFacts {
  /** What is assumed when it is left out; null: nothing. Required fields have none, nor have those of answers. */
  readonly default?: unknown;
  /** Absent where it is made of the examples of the fields below. */
  readonly example?: unknown;
  /** Symbol: `s`, `ms`, `MiB`, `B`, `CPU`, `GPU`; `ms UTC` for points in time. */
  readonly unit?: string;
  /** Version that brought it; absent: that of the field above. null while it is understood but refused. */
  readonly since?: string | null;
}

type Texts = Readonly<Record<string, string>>;

const facts: Readonly<Record<string, FieldFacts>> = {
  ...factsApp,
  ...factsGroup,
  ...factsIam,
  ...factsJob,
  ...factsJobs,
  ...factsKernel,
  ...factsObserve,
  ...factsPod,
  ...factsServices,
  ...factsShared,
};
const texts: Readonly<Record<Language, Texts>> = {
  en: {
    ...enApp,
    ...enGroup,
    ...enIam,
    ...enJob,
    ...enJobs,
    ...enKernel,
    ...enObserve,
    ...enPod,
    ...enServices,
    ...enShared,
  },
  zh: {
    ...zhApp,
    ...zhGroup,
    ...zhIam,
    ...zhJob,
    ...zhJobs,
    ...zhKernel,
    ...zhObserve,
    ...zhPod,
    ...zhServices,
    ...zhShared,
  },
};

/** Every key that is written, for the test that finds those of fields that are gone. */
export const writtenKeys: readonly string[] = [
  ...new Set([facts, texts.en, texts.zh].flatMap((table) => Object.keys(table))),
];

const sharedKey = (path: string): string => path.replace(/^[^.]+\./, "*.");

export const factsOf = (path: string): FieldFacts =>
  facts[path] ?? (Object.hasOwn(texts.zh, path) ? undefined : facts[sharedKey(path)]) ?? {};

export const textOf = (path: string, language: Language): string | undefined =>
  texts[language][path] ?? texts[language][sharedKey(path)];
