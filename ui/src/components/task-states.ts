/** Task states of Mesos in words and tones. Source: Mesos `TaskState`. */
import type { TextKey } from "../i18n/catalogue.ts";
import type { Tone } from "./state-badge.tsx";

interface Shown {
  /** Absent for a state this page does not know; its own name is then shown. */
  readonly word: TextKey | undefined;
  readonly tone: Tone;
}

const shown = new Map<string, Shown>([
  ["TASK_STAGING", { word: "ui.tasks.state.staging", tone: "busy" }],
  ["TASK_STARTING", { word: "ui.tasks.state.starting", tone: "busy" }],
  ["TASK_RUNNING", { word: "ui.tasks.state.running", tone: "good" }],
  ["TASK_KILLING", { word: "ui.tasks.state.killing", tone: "wait" }],
  ["TASK_FINISHED", { word: "ui.tasks.state.finished", tone: "idle" }],
  ["TASK_KILLED", { word: "ui.tasks.state.killed", tone: "idle" }],
  ["TASK_FAILED", { word: "ui.tasks.state.failed", tone: "bad" }],
  ["TASK_ERROR", { word: "ui.tasks.state.error", tone: "bad" }],
  ["TASK_LOST", { word: "ui.tasks.state.lost", tone: "bad" }],
  ["TASK_GONE", { word: "ui.tasks.state.gone", tone: "bad" }],
  ["TASK_GONE_BY_OPERATOR", { word: "ui.tasks.state.gone", tone: "idle" }],
  ["TASK_DROPPED", { word: "ui.tasks.state.dropped", tone: "bad" }],
  ["TASK_UNREACHABLE", { word: "ui.tasks.state.unreachable", tone: "wait" }],
  ["TASK_UNKNOWN", { word: "ui.tasks.state.unknown", tone: "idle" }],
]);

export function taskStateOf(state: string, healthy: boolean | undefined): Shown {
  if (state === "TASK_RUNNING" && healthy === false) return { word: "ui.tasks.state.unhealthy", tone: "bad" };
  return shown.get(state) ?? { word: undefined, tone: "idle" };
}
