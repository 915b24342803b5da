/** What will be different here from what it was: each with the thing it is about and the field. */
import type { JsonValue } from "#foundation/base/json.ts";

export type FindingCode =
  /** The file holds something that is no app, pod, group or job. */
  | "unreadable"
  /** The same id twice; the first counts. */
  | "doubled"
  /** It can't be had here: the field, and what is wrong with it. */
  | "refused"
  /** A job whose parent can't be had. */
  | "parentRefused"
  /** A field that has no place here. */
  | "dropped"
  /** It is here, with another value. */
  | "changed"
  /** It is kept and nothing comes of it; `reason` says why. */
  | "noEffect"
  /** It was left out, and means something else here than in the version it comes from. */
  | "default"
  /** It refers to a secret of the store, whose value no definition has. */
  | "secret"
  /** A volume or a folder of a node whose content does not come along; `reason` says which. */
  | "data"
  /** A schedule that is on in both places. */
  | "firesTwice"
  /** A name that nothing here resolves. */
  | "unresolvedName"
  /** Nothing of that name comes along or is there: nobody waits for it. */
  | "dependencyMissing"
  /** Another service of the import, or one that is here, has the service port too. */
  | "servicePortShared";

export type FindingKind = "file" | "group" | "service" | "job";

export interface Finding {
  readonly kind: FindingKind;
  /** Id of the thing; of a file its name. */
  readonly id: string;
  readonly code: FindingCode;
  /** `/portDefinitions(0)/port` */
  readonly field?: string;
  readonly was?: JsonValue;
  readonly now?: JsonValue;
  readonly reason?: string;
}

/** Kept out altogether, as opposed to being different. */
export const isRefusal = ({ code }: Finding): boolean => code === "refused" || code === "parentRefused";
