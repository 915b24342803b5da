/** Reading what a task wrote, over its agent's files API. */
import type { Sandbox } from "#clients/client/kernel.ts";
import { pause } from "./progress.ts";

const pollIntervalMs = 250;
/** How much of the end of a file is read to find its last lines. */
const tailBytesMax = 1_048_576;

export interface Tail {
  readonly text: string;
  /** Offset behind the text, where following goes on. */
  readonly end: number;
}

/** The last `count` lines of a file. */
export async function lastLines(sandbox: Sandbox, file: string, count: number): Promise<Tail> {
  const end = await sandbox.size(file);
  const text = await readBetween(sandbox, file, Math.max(0, end - tailBytesMax), end);
  const lines = text.split("\n");
  const closed = lines.at(-1) === "";
  const kept = lines.slice(-(count + (closed ? 1 : 0)));
  return { text: kept.join("\n"), end };
}

async function readBetween(sandbox: Sandbox, file: string, from: number, to: number): Promise<string> {
  const parts: string[] = [];
  for (let offset = from; offset < to; ) {
    const { data } = await sandbox.read(file, offset);
    if (data === "") break;
    parts.push(data);
    offset += Buffer.byteLength(data);
  }
  return parts.join("");
}

/** Passes on what is added, until the process ends. A file that became shorter was rotated: it starts anew. */
export async function followFile(
  sandbox: Sandbox,
  file: string,
  from: number,
  onText: (text: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  let offset = from;
  while (signal?.aborted !== true) {
    const { data } = await sandbox.read(file, offset);
    if (data === "") {
      if ((await sandbox.size(file)) < offset) offset = 0;
      else await pause(pollIntervalMs);
      continue;
    }
    onText(data);
    offset += Buffer.byteLength(data);
  }
}
