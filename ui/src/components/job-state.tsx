/** The states of jobs and of their runs. */
import type { ReactNode } from "react";
import type { JobRunStatus, JobStatus } from "#contracts/jobs/own-endpoints.ts";
import { useText } from "../i18n/language-provider.tsx";
import { StateBadge, type Tone } from "./state-badge.tsx";

const jobTones: Readonly<Record<JobStatus, Tone>> = {
  running: "busy",
  waiting: "wait",
  scheduled: "good",
  dependent: "good",
  disabled: "idle",
  idle: "idle",
};
const runTones: Readonly<Record<JobRunStatus, Tone>> = {
  INITIAL: "wait",
  STARTING: "wait",
  ACTIVE: "busy",
  SUCCESS: "good",
  FAILED: "bad",
};

export function JobStateBadge(properties: { readonly status: JobStatus }): ReactNode {
  const text = useText();
  const { status } = properties;
  return <StateBadge tone={jobTones[status]}>{text(`ui.jobs.status.${status}`)}</StateBadge>;
}

export function RunStateBadge(properties: { readonly status: JobRunStatus }): ReactNode {
  const text = useText();
  const { status } = properties;
  return <StateBadge tone={runTones[status]}>{text(`ui.jobs.run.${status}`)}</StateBadge>;
}
