/** Files of a task's sandbox, as its agent tells of them. */

import { csrfHeader } from "#contracts/identity.ts";
import { agentStreamPaths } from "#contracts/kernel/agent-streams.ts";
import { listEvidence } from "#contracts/kernel/own-endpoints.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { callEndpoint, daemonPaths, queryText, RequestFailed, requestJson } from "../data/request.ts";

export interface SandboxTask {
  readonly agentId: string;
  readonly taskId: string;
}

export interface SandboxEntry {
  readonly name: string;
  /** Below the sandbox, without a slash in front. */
  readonly path: string;
  readonly isFolder: boolean;
  /** Bytes; of folders nothing is said. */
  readonly size: number;
  /** ms UTC */
  readonly changedAt: number;
}

/** Where the sandbox is on its agent. Throws `RequestFailed`, also when its files went with the budget. */
export async function findSandbox({ agentId, taskId }: SandboxTask, signal: AbortSignal): Promise<string> {
  const query = { task: taskId, limit: 1 };
  const { items } = await callEndpoint(daemonPaths.agent(agentId), listEvidence, { query, signal });
  const [evidence] = items;
  if (evidence === undefined || evidence.filesRemovedAt !== undefined) {
    const body = { details: { removedAt: evidence?.filesRemovedAt } };
    throw new RequestFailed({ status: 404, body, message: `the agent has no files of ${taskId}` });
  }
  return evidence.directory;
}

/** ms UTC when the files went, if that is why there are none. */
export function removedAt(error: unknown): number | undefined {
  const details =
    error instanceof RequestFailed && isJsonObject(error.body) ? error.body["details"] : undefined;
  const at = isJsonObject(details) ? details["removedAt"] : undefined;
  return typeof at === "number" ? at : undefined;
}

/** Folders first, then by name. `folder` is below the sandbox; empty for the sandbox itself. */
export async function listFolder(
  { agentId }: SandboxTask,
  directory: string,
  folder: string,
  signal: AbortSignal,
): Promise<readonly SandboxEntry[]> {
  const path = folder === "" ? directory : `${directory}/${folder}`;
  const answer = await requestJson(`${daemonPaths.agent(agentId)}/files/browse${queryText({ path })}`, {
    signal,
  });
  return readEntries(answer, directory);
}

/** Source: Mesos files API, `/files/browse`: `mode` as `ls` writes it, `mtime` in seconds. */
export function readEntries(answer: unknown, directory: string): readonly SandboxEntry[] {
  const entries = Array.isArray(answer) ? answer.filter(isJsonObject) : [];
  return entries
    .map((entry): SandboxEntry => {
      const path = String(entry["path"]);
      return {
        name: path.split("/").at(-1) ?? path,
        path: path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path,
        isFolder: String(entry["mode"]).startsWith("d"),
        size: Number(entry["size"]),
        changedAt: Number(entry["mtime"]) * 1_000,
      };
    })
    .toSorted(
      (one, other) => Number(other.isFolder) - Number(one.isFolder) || (one.name < other.name ? -1 : 1),
    );
}

/** Address of a file's bytes; of a folder's with `tar`. */
export const fileUrl = (
  { agentId, taskId }: SandboxTask,
  path: string,
  options: { readonly tar?: boolean } = {},
): string =>
  `${daemonPaths.agent(agentId)}${agentStreamPaths.files(taskId)}${queryText({ path, as: options.tar === true ? "tar" : undefined })}`;

/** The first bytes of a file. Throws `RequestFailed`. */
export async function readBeginning(
  task: SandboxTask,
  entry: { readonly path: string; readonly size: number },
  bytesMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const isWhole = entry.size <= bytesMax;
  const answer = await fetch(fileUrl(task, entry.path), {
    headers: { [csrfHeader]: "1", ...(isWhole ? {} : { range: `bytes=0-${bytesMax - 1}` }) },
    credentials: "same-origin",
    signal,
  });
  if (!answer.ok) throw await refused(answer);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Puts one file into a folder of a running task's sandbox; it appears whole or not at all. Throws `RequestFailed`. */
export async function uploadFile(task: SandboxTask, folder: string, file: File): Promise<void> {
  const path = folder === "" ? file.name : `${folder}/${file.name}`;
  const answer = await fetch(fileUrl(task, path), {
    method: "PUT",
    headers: { [csrfHeader]: "1", "content-type": "application/octet-stream" },
    credentials: "same-origin",
    body: file,
  });
  if (!answer.ok) throw await refused(answer);
}

async function refused(answer: Response): Promise<RequestFailed> {
  const body: unknown = await answer.json().catch(() => undefined);
  const message =
    isJsonObject(body) && typeof body["message"] === "string" ? body["message"] : `HTTP ${answer.status}`;
  return new RequestFailed({ status: answer.status, body, message });
}
