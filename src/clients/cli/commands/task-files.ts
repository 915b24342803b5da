/** `keelson task log` and `keelson task ls`: what one task wrote. */

import { listFiles } from "#clients/client/agent-files.ts";
import { LineReader, readLog } from "#clients/client/agent-log.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { findTaskOrService } from "../find-task.ts";
import { bytes, instant } from "../output/table.ts";
import type { View } from "../output/view.ts";

const linesShown = 100;

export async function taskLog(context: Context, input: Input): Promise<void> {
  const { agent, id } = await findTaskOrService(context, input.word(0));
  const reader = new LineReader();
  const follow = input.isOn("follow");
  await readLog(
    context.connection,
    {
      agent,
      taskId: id,
      file: input.optionalWord(1) ?? "stdout",
      lines: Math.floor(input.number("lines") ?? linesShown),
      ...(follow ? { follow: true } : {}),
    },
    (event) => {
      if (event.kind === "output") for (const line of reader.push(event)) context.print(line);
      if (event.kind === "missed") context.note(context.say("logs.missed", { name: id }));
    },
  );
  for (const line of reader.end()) process.stdout.write(line);
}

export async function taskLs(context: Context, input: Input): Promise<View> {
  const found = await findTaskOrService(context, input.word(0));
  const entries = await listFiles(context.connection, found, input.optionalWord(1) ?? "");
  return {
    kind: "table",
    data: entries,
    names: entries.map(({ path }) => nameOf(path)),
    empty: context.say("files.none"),
    rows: entries.map(({ mode, size, mtime, path }) => ({
      mode,
      size: mode.startsWith("d") ? "" : bytes(size),
      changedAt: instant(mtime * 1_000),
      name: nameOf(path),
    })),
  };
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
