/** Ids of runs and their tasks. Source: contract metronome.md section 5. */

/** Names a run among all. */
export const runKey = (jobId: string, runId: string): string => `${jobId}/${runId}`;

/** Of job `a.b`: `/a/b/<run>`, what Marathon would call its app. */
export const runPath = (jobId: string, runId: string): string => `/${jobId.replaceAll(".", "/")}/${runId}`;

/** `<run>.b.a`: the name of the task. */
export const taskName = (jobId: string, runId: string): string =>
  [...jobId.split("."), runId].reverse().join(".");

/** `a_b_<run>.<uuid>`; ids of jobs have no underscore. */
export const taskIdOf = (jobId: string, runId: string, uuid: string): string =>
  `${jobId.replaceAll(".", "_")}_${runId}.${uuid}`;

export interface ParsedTaskId {
  readonly jobId: string;
  readonly runId: string;
}

const taskIdShape = /^([a-z0-9_-]+)_(\d{14}[0-9A-Za-z]{5})\.[0-9a-f-]{36}$/;

/** Undefined for other text. */
export function parseTaskId(text: string): ParsedTaskId | undefined {
  const match = taskIdShape.exec(text);
  const [, path, runId] = match ?? [];
  if (path === undefined || runId === undefined) return undefined;
  return { jobId: path.replaceAll("_", "."), runId };
}
