/** Files of a task: listed, fetched and put, streamed both ways. */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { agentStreamPaths, type FilesQuery } from "#contracts/kernel/agent-streams.ts";
import type { TaskItem } from "#contracts/kernel/own-endpoints.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { refusalOf } from "./agent-log.ts";
import { RequestFailed, request } from "./cluster.ts";
import type { Connection, Target } from "./connection.ts";

/** As Mesos' files API lists it. */
export interface FileEntry {
  readonly path: string;
  readonly size: number;
  readonly mode: string;
  /** s UTC */
  readonly mtime: number;
  readonly uid: string;
}

export interface TaskAddress {
  readonly id: string;
  readonly agentId: string;
  /** Where its agent answers. */
  readonly agent: string;
}

/** What is in a folder of a task's sandbox. Throws `RequestFailed`. */
export async function listFiles(
  connection: Connection,
  { agent, task }: TaskAddress & { readonly task: TaskItem },
  folder: string,
): Promise<readonly FileEntry[]> {
  const executor = task.executorId === "" ? task.id : task.executorId;
  const path = `/frameworks/${task.frameworkId}/executors/${executor}/runs/latest/${folder}`;
  const query = new URLSearchParams({ path: path.replace(/\/+$/, "") });
  const { body } = await request(connection.addresses, `${agent}/files/browse?${query}`);
  return body as readonly FileEntry[];
}

/** The bytes of one file, or with `as: "tar"` of a folder. Throws `CodedError` for a refusal. */
export async function download(
  connection: Connection,
  task: TaskAddress,
  query: FilesQuery,
): Promise<{ readonly body: Readable; readonly size: number | undefined }> {
  const from = { url: task.agent, headers: connection.addresses.credentials };
  const answer = await send(from, task.id, query, { method: "GET" });
  const length = answer.headers.get("content-length");
  const body = answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body as never);
  return { body, size: length === null ? undefined : Number(length) };
}

/** Puts one file of this machine into a task's sandbox. */
export async function upload(
  connection: Connection,
  task: TaskAddress,
  query: FilesQuery,
  file: { readonly path: string; readonly onBytes: (count: number) => void },
): Promise<void> {
  const stream = createReadStream(file.path);
  stream.on("data", (piece) => file.onBytes(piece.length));
  const to = connection.doingAt({ id: task.agentId, url: task.agent });
  const answer = await send(to, task.id, query, {
    method: "PUT",
    body: Readable.toWeb(stream) as never,
    headers: { "content-type": "application/octet-stream" },
    duplex: "half",
  } as RequestInit);
  await answer.arrayBuffer();
}

async function send(target: Target, id: string, query: FilesQuery, options: RequestInit): Promise<Response> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const url = `${target.url}${agentStreamPaths.files(id)}?${search}`;
  const headers = new Headers(options.headers);
  for (const [name, value] of Object.entries(target.headers)) headers.set(name, value);
  let answer: Response;
  try {
    answer = await fetch(url, { ...options, headers });
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : errorMessage(error);
    throw new RequestFailed({ url, status: 0, body: undefined, message: cause });
  }
  if (answer.ok) return answer;
  throw refusalOf(answer.status, Buffer.from(await answer.arrayBuffer()));
}
