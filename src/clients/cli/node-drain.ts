/** A machine that is being emptied, followed to its end: how many tasks have left, and which are still there. */
import { showNode } from "#contracts/kernel/node-endpoints.ts";
import { listTasks, type NodeItem } from "#contracts/kernel/own-endpoints.ts";
import type { Input } from "./command-line/input.ts";
import type { Context } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { span } from "./output/table.ts";
import { pause } from "./pause.ts";

const pollMs = 250;
const defaultTimeoutMs = 600_000;
/** Tasks that are named; of more only the number is told. */
const namedMax = 5;

export interface Drained {
  readonly node: NodeItem;
  readonly name: string;
  /** Tasks that were there when it began. */
  readonly count: number;
  readonly end: "drained" | "gone";
}

export async function followDrain(context: Context, input: Input, drain: Drained): Promise<ExitCode> {
  const { node, name, count, end } = drain;
  const timeoutMs = input.durationMs("timeout") ?? defaultTimeoutMs;
  const started = Date.now();
  const line = new ProgressLine(context);
  try {
    for (;;) {
      const now = await context.connection.call("kernel", showNode, { params: { id: node.id } });
      if (now.standing === end) break;
      const left = await stillThere(context, node.id);
      line.show(progressText(context, count, left));
      if (Date.now() - started > timeoutMs) {
        line.end();
        return await tooLate(context, drain, left, timeoutMs);
      }
      await pause(pollMs);
    }
  } finally {
    line.end();
  }
  const parameters = { name, node: node.id, count, after: span(Date.now() - started) };
  await context.result({
    text: context.say(end === "gone" ? "node.decommissioned" : "node.drained", parameters),
    data: { id: node.id, standing: end, tasksEnded: count, afterMs: Date.now() - started },
    name: node.id,
  });
  return exitCodes.ok;
}

async function stillThere(context: Context, node: string): Promise<readonly string[]> {
  const { items, total } = await context.connection.call("kernel", listTasks, {
    query: { node, limit: 1_000 },
  });
  const ids = items.map(({ id }) => id);
  return total > ids.length ? [...ids, ...Array.from({ length: total - ids.length }, () => "")] : ids;
}

function progressText({ say }: Context, count: number, left: readonly string[]): string {
  const named = left.length <= namedMax ? left.length : 0;
  const names = left.slice(0, named).join(", ");
  return say("node.drainProgress", {
    named,
    names,
    gone: Math.max(0, count - left.length),
    count,
    left: left.length,
  });
}

async function tooLate(
  context: Context,
  { node, name }: Drained,
  left: readonly string[],
  timeoutMs: number,
): Promise<ExitCode> {
  const text = context.say("node.drainTooLate", {
    name,
    node: node.id,
    left: left.length,
    names: left.slice(0, namedMax).join(", "),
    after: span(timeoutMs),
  });
  const data = { id: node.id, standing: "draining", tasks: left };
  if (context.json) await context.result({ text, data, name: node.id });
  context.warn(text);
  return exitCodes.timeout;
}

/** One line of a terminal that is written over; anything else gets a line for each change. */
class ProgressLine {
  readonly #context: Context;
  readonly #isTerminal: boolean;
  #shown = "";

  constructor(context: Context) {
    this.#context = context;
    this.#isTerminal = process.stderr.isTTY === true && !context.json;
  }

  show(text: string): void {
    if (text === this.#shown) return;
    this.#shown = text;
    if (this.#isTerminal)
      process.stderr.write(`\r\u001b[K${text.slice(0, this.#context.terminal.columns - 1)}`);
    else this.#context.note(text);
  }

  end(): void {
    if (this.#isTerminal && this.#shown !== "") process.stderr.write("\r\u001b[K");
    this.#shown = "";
  }
}
