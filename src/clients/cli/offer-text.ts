/** Why a framework is, or is not, offered resources, in lines: the reason, what to do, how it stands, then the nodes. */
import {
  type NodeOffer,
  type OfferCause,
  type OfferVerdict,
  offerCauses,
} from "#contracts/kernel/allocation-endpoints.ts";
import type { Context } from "./context.ts";
import { amount, instant, printable, table } from "./output/table.ts";

/** Nodes shown unless the wide form is asked for. */
const nodesShown = 10;

export function verdictLines(
  context: Context,
  verdict: OfferVerdict,
  { isWide, hasNodes }: { readonly isWide: boolean; readonly hasNodes: boolean },
): readonly string[] {
  const { say } = context;
  const { role, frameworkName, ahead, share, roleShare, agents, examined } = verdict;
  const causes = offerCauses.filter((cause) => verdict[cause] > 0);
  return [
    say("offers.about", { framework: printable(frameworkName), role: printable(role) }),
    `  ${printable(verdict.text)}`,
    ...(verdict.remedy === undefined
      ? []
      : [`  ${say("why.remedy", { remedy: printable(verdict.remedy) })}`]),
    `  ${say("offers.standing", { share: percent(share), roleShare: percent(roleShare), ahead })}`,
    ...(causes.length === 0
      ? []
      : [
          `  ${say("offers.nodes", {
            causes: causes.map((cause) => `${verdict[cause]} ${causeText(context, cause)}`).join(", "),
          })}`,
        ]),
    ...(examined < agents ? [`  ${say("offers.examined", { examined, agents })}`] : []),
    ...(hasNodes ? nodeLines(context, verdict.nodes, isWide) : []),
  ];
}

export const percent = (part: number): string => `${Math.round(part * 1000) / 10} %`;

const causeText = ({ say }: Context, cause: OfferCause): string => say(`offers.cause.${cause}`);

function nodeLines(context: Context, nodes: readonly NodeOffer[], isWide: boolean): readonly string[] {
  if (nodes.length === 0) return [];
  const { say } = context;
  const shown = isWide ? nodes : nodes.slice(0, nodesShown);
  const rows = shown.map(({ id, hostname, cause, free, until }) => [
    printable(hostname || id),
    causeText(context, cause),
    amountsText(free),
    until === undefined ? "" : instant(until),
  ]);
  const headers = [say("column.node"), say("column.cause"), say("column.free"), say("column.until")];
  const lines = table(headers, rows, context.paint)
    .split("\n")
    .map((line) => `    ${line}`);
  const more = nodes.length - shown.length;
  return more > 0 ? [...lines, `    ${say("why.moreNodes", { count: more })}`] : lines;
}

/** `cpus 2, mem 1024`; what is most asked for comes first. */
export function amountsText(amounts: Readonly<Record<string, number>>): string {
  const order = ["cpus", "mem", "disk", "gpus"];
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return Object.entries(amounts)
    .filter(([, value]) => value !== 0)
    .sort(([one], [other]) => place(one) - place(other) || (one < other ? -1 : 1))
    .map(([name, value]) => `${printable(name)} ${amount(value)}`)
    .join(", ");
}
