/** Why something is not as wished, in lines: the cause first, then what to do, then each node with its numbers. */
import type { NodeVerdict, Reason } from "#contracts/services/reasons.ts";
import type { Context } from "./context.ts";
import { amount, instant, printable, span, table } from "./output/table.ts";

/** Nodes shown unless the wide form is asked for; those that miss least come first. */
const nodesShown = 10;

export function reasonLines(
  context: Context,
  reason: Reason,
  { isWide }: { readonly isWide: boolean },
): readonly string[] {
  const { say } = context;
  const now = Date.now();
  return [
    printable(reason.message),
    ...(reason.since === undefined
      ? []
      : [`  ${say("why.since", { at: instant(reason.since), age: span(now - reason.since) })}`]),
    ...(reason.nextTryAt === undefined || reason.nextTryAt <= now
      ? []
      : [`  ${say("why.nextTry", { in: span(reason.nextTryAt - now + 999) })}`]),
    ...nodeLines(context, reason.nodes, isWide),
    ...(reason.remedy === undefined ? [] : [`  ${say("why.remedy", { remedy: printable(reason.remedy) })}`]),
  ];
}

function nodeLines(context: Context, nodes: readonly NodeVerdict[], isWide: boolean): readonly string[] {
  if (nodes.length === 0) return [];
  const { say } = context;
  const ordered = [...nodes].sort((one, other) => weight(one) - weight(other));
  const shown = isWide ? ordered : ordered.slice(0, nodesShown);
  const rows = shown.map((node) => [printable(node.name || node.agentId), nodeText(context, node)]);
  const lines = table([], rows)
    .split("\n")
    .map((line) => `    ${line}`);
  const more = ordered.length - shown.length;
  return more > 0 ? [...lines, `    ${say("why.moreNodes", { count: more })}`] : lines;
}

/** How far a node is from taking it. */
const weight = ({ short, causes }: NodeVerdict): number =>
  causes.length * 1_000 +
  short.reduce((sum, { missing, wanted }) => sum + missing / Math.max(wanted, 0.001), 0);

function nodeText({ say }: Context, { short, causes }: NodeVerdict): string {
  return [
    ...short.map(({ name, wanted, free, missing }) =>
      say("why.short", { name, wanted: amount(wanted), free: amount(free), missing: amount(missing) }),
    ),
    ...causes.map(({ message }) => printable(message)),
  ].join("; ");
}

/** Commands that help, each once, as a line. */
export function nextLine({ say }: Context, commands: readonly string[]): readonly string[] {
  const distinct = [...new Set(commands)].map((command) => `\`keelson ${command}\``);
  return distinct.length === 0 ? [] : [say("cli.next", { commands: distinct.join(", ") })];
}
