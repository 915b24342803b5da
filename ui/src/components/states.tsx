/** What stands where content would: still loading, nothing there, not allowed, failed. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { RequestFailed } from "../data/request.ts";
import type { TextKey } from "../i18n/catalogue.ts";
import { errorParts } from "../i18n/error-text.ts";
import { useText } from "../i18n/language-provider.tsx";
import { CommandLine } from "./command-line.tsx";
import classes from "./states.module.css";

/** Grey lines, which only appear after 300 ms; most answers are there before. */
export function Loading(properties: { readonly lines?: number }): ReactNode {
  const text = useText();
  const widths = ["72%", "58%", "66%", "49%", "62%", "54%"];
  return (
    <div className={classes.loading} role="status" data-loading aria-label={text("ui.state.loading")}>
      {Array.from({ length: properties.lines ?? 6 }, (_nothing, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing but their place
        <span key={line} style={{ width: widths[line % widths.length] }} />
      ))}
    </div>
  );
}

/** Nothing there yet: says so, and teaches the one command that changes it. */
export function Empty(properties: {
  readonly title: string;
  readonly hint?: string;
  readonly command?: string;
  readonly action?: ReactNode;
  /** The page has no other title. */
  readonly isWholePage?: boolean;
}): ReactNode {
  const Heading = properties.isWholePage === true ? "h1" : "h2";
  return (
    <div className={classes.state}>
      <Heading>{properties.title}</Heading>
      {properties.hint === undefined ? null : <p>{properties.hint}</p>}
      {properties.command === undefined ? null : <CommandLine command={properties.command} />}
      {properties.action}
    </div>
  );
}

/** Why an answer did not come, with a way on. 403 reads differently: trying again would not help. */
export function Failed(properties: {
  readonly error: unknown;
  readonly onRetry?: () => void;
  /** The page has no other title. */
  readonly isWholePage?: boolean;
}): ReactNode {
  const text = useText();
  const { error, onRetry } = properties;
  const isForbidden = error instanceof RequestFailed && error.status === 403;
  const Heading = properties.isWholePage === true ? "h1" : "h2";
  return (
    <div className={classes.state} role="alert">
      <Heading>{text(titleOf(error))}</Heading>
      {isForbidden ? <p>{text("ui.state.forbiddenHint")}</p> : <Cause error={error} />}
      {isForbidden || onRetry === undefined ? null : (
        <Button variant="default" onClick={onRetry}>
          {text("ui.state.retry")}
        </Button>
      )}
    </div>
  );
}

function titleOf(error: unknown): TextKey {
  if (!(error instanceof RequestFailed)) return "ui.state.failed";
  if (error.status === 403) return "ui.state.forbidden";
  if (error.status === 404) return "ui.state.notFound";
  return error.status === 0 || error.status >= 502 ? "ui.state.unreachable" : "ui.state.failed";
}

function Cause(properties: { readonly error: unknown }): ReactNode {
  const text = useText();
  const { cause, detail } = errorParts(text, properties.error);
  return [cause, detail].map((part) => (part === undefined || part === "" ? null : <p key={part}>{part}</p>));
}
