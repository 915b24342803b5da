/** `keelson node drain | deactivate | reactivate | decommission`: what operators decide about one machine. */
import { deactivateNode, drainNode, markNodeGone, reactivateNode } from "#contracts/kernel/node-endpoints.ts";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import type { Leaving } from "#domain/nodes/index.ts";
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { followDrain } from "../node-drain.ts";
import { leavingFrom, leavingText } from "../node-leaving.ts";
import { findNode } from "./node.ts";

export async function nodeDrain(context: Context, input: Input): Promise<ExitCode> {
  const { say } = context;
  const node = await findNode(context, input.word(0));
  const leaving = await leavingFrom(context, node);
  if (input.isOn("dry-run")) return await onlyShown(context, node, leaving);
  context.note(leavingText(context, node, leaving));
  const count = leaving.count;
  await confirm(context, { effect: say("confirm.drain", { name: nameOf(node), count }) });
  const maxGraceMs = input.durationMs("grace");
  await context.connection.call("kernel", drainNode, {
    params: { id: node.id },
    body: maxGraceMs === undefined ? {} : { maxGraceMs },
  });
  return await concluded(context, input, node, count, "drained");
}

export async function nodeDecommission(context: Context, input: Input): Promise<ExitCode> {
  const { say, connection } = context;
  const node = await findNode(context, input.word(0));
  const leaving = await leavingFrom(context, node);
  if (input.isOn("dry-run")) return await onlyShown(context, node, leaving);
  const isNow = input.isOn("now");
  if (!isNow && node.state !== "active")
    throw new CommandFailed(
      say("node.cannotEmpty", { name: nameOf(node), state: say(`state.node.${node.state}`) }),
      exitCodes.refused,
    );
  context.note(leavingText(context, node, leaving));
  const count = leaving.count;
  const parameters = { name: nameOf(node), count };
  await confirm(context, {
    effect: say(isNow ? "confirm.decommissionNow" : "confirm.decommission", parameters),
    typed: node.hostname === "" ? node.id : node.hostname,
  });
  const params = { id: node.id };
  if (isNow) {
    const answer = await connection.call("kernel", markNodeGone, { params, body: {} });
    await context.result({ text: say("node.gone", parameters), data: answer, name: node.id });
    return exitCodes.ok;
  }
  const maxGraceMs = input.durationMs("grace");
  await connection.call("kernel", drainNode, {
    params,
    body: { markGone: true, ...(maxGraceMs === undefined ? {} : { maxGraceMs }) },
  });
  return await concluded(context, input, node, count, "gone");
}

export async function nodeDeactivate(context: Context, input: Input): Promise<ExitCode> {
  const { say, connection } = context;
  const node = await findNode(context, input.word(0));
  const answer = await connection.call("kernel", deactivateNode, { params: { id: node.id }, body: {} });
  const text = say("node.deactivated", { name: nameOf(node), count: answer.tasks });
  await context.result({ text, data: answer, name: node.id });
  return exitCodes.ok;
}

export async function nodeReactivate(context: Context, input: Input): Promise<ExitCode> {
  const { say, connection } = context;
  const node = await findNode(context, input.word(0));
  if (node.standing === "inService") {
    await context.result({ text: say("node.inService", { name: nameOf(node) }), data: node, name: node.id });
    return exitCodes.ok;
  }
  const answer = await connection.call("kernel", reactivateNode, { params: { id: node.id }, body: {} });
  await context.result({
    text: say("node.reactivated", { name: nameOf(node) }),
    data: answer,
    name: node.id,
  });
  return exitCodes.ok;
}

/** Several agents may have one host name: then the id says which. */
const nameOf = ({ id, hostname }: NodeItem): string => (hostname === "" ? id : `${hostname} (${id})`);

async function onlyShown(context: Context, node: NodeItem, leaving: Leaving): Promise<ExitCode> {
  await context.result({ text: leavingText(context, node, leaving), data: leaving, name: node.id });
  return leaving.count === 0 ? exitCodes.ok : exitCodes.change;
}

async function concluded(
  context: Context,
  input: Input,
  node: NodeItem,
  count: number,
  end: "drained" | "gone",
): Promise<ExitCode> {
  if (!input.isOn("no-wait"))
    return await followDrain(context, input, { node, name: nameOf(node), count, end });
  await context.result({
    text: context.say("node.drainOrdered", { name: nameOf(node), node: node.id }),
    data: { id: node.id, standing: "draining", tasks: count },
    name: node.id,
  });
  return exitCodes.ok;
}
