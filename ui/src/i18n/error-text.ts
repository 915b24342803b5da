/** What went wrong, in the reader's language: what the code of an error means, then what the daemon said of this case. */
import { errorStatus } from "#contracts/errors.ts";
import { RequestFailed } from "../data/request.ts";
import type { Translate } from "./catalogue.ts";

export interface ErrorText {
  /** Undefined for an error without a known code. */
  readonly cause: string | undefined;
  /** The daemon's own words; empty when nothing answered. */
  readonly detail: string;
}

export function errorParts(text: Translate, error: unknown): ErrorText {
  const detail = error instanceof Error ? error.message : String(error);
  if (!(error instanceof RequestFailed)) return { cause: undefined, detail };
  // What a browser says of a broken connection is in no language of ours.
  if (error.status === 0) return { cause: text("ui.state.noAnswer"), detail: "" };
  return { cause: isCode(error.code) ? text(`cause.${error.code}`) : undefined, detail };
}

/** In one paragraph. */
export function errorText(text: Translate, error: unknown): string {
  const { cause, detail } = errorParts(text, error);
  return [cause, detail].filter((part) => part !== undefined && part !== "").join(" ");
}

const isCode = (code: string | undefined): code is keyof typeof errorStatus =>
  code !== undefined && Object.hasOwn(errorStatus, code);
