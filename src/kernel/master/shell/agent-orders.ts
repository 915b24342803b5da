/** What operators order of an agent, by the v1 operator API and by our own endpoints. Source: contract mesos.md section 3.2. */

import type { MasterCall } from "#contracts/kernel/messages.gen.ts";
import {
  deactivateNode,
  drainNode,
  markNodeGone,
  reactivateNode,
  showNode,
} from "#contracts/kernel/node-endpoints.ts";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { EndpointSet } from "#foundation/http/index.ts";
import { type Answer, empty, text } from "#foundation/http/index.ts";
import type { AgentOrder, MasterState, Reply } from "../core/index.ts";
import { nodeOf } from "./node-list.ts";

/** Answers when it is durable, or why it was not done. */
export type OrderAgent = (agentId: string, order: AgentOrder) => Promise<Reply>;

/** One of the four calls of the v1 API. */
export async function orderAgent(call: MasterCall, order: OrderAgent): Promise<Answer> {
  const asked = readOrder(call);
  if (asked === undefined) return text(`Expecting '${call.type?.toLowerCase()}' to be present`, 400);
  if ("problem" in asked) return text(asked.problem, 400);
  const { problem, cause } = await order(asked.agentId, asked.order);
  if (problem === undefined) return empty(200);
  if (cause === "conflict") return text(problem, 409);
  return text(problem, cause === "notFound" && call.type === "MARK_AGENT_GONE" ? 404 : 400);
}

type Asked = { readonly agentId: string; readonly order: AgentOrder } | { readonly problem: string };

function readOrder(call: MasterCall): Asked | undefined {
  switch (call.type) {
    case "DRAIN_AGENT": {
      if (call.drain_agent === undefined) return undefined;
      const { agent_id: id, max_grace_period: longest, mark_gone: markGone = false } = call.drain_agent;
      const maxGraceMs =
        longest === undefined
          ? undefined
          : Math.ceil((longest.seconds ?? 0) * 1000 + (longest.nanos ?? 0) / 1_000_000);
      if (maxGraceMs !== undefined && !(maxGraceMs >= 0 && maxGraceMs <= maxGraceMsMax))
        return { problem: "'drain_agent.max_grace_period' must be from 0 to 24 hours" };
      const drain = { markGone, ...(maxGraceMs === undefined ? {} : { maxGraceMs }) };
      return { agentId: id.value, order: { kind: "drain", drain } };
    }
    case "DEACTIVATE_AGENT":
      return named(call.deactivate_agent, { kind: "deactivate" });
    case "REACTIVATE_AGENT":
      return named(call.reactivate_agent, { kind: "reactivate" });
    case "MARK_AGENT_GONE":
      return named(call.mark_agent_gone, { kind: "markGone" });
    default:
      return undefined;
  }
}

const maxGraceMsMax = 86_400_000;

const named = (
  body: { readonly agent_id: { readonly value: string } } | undefined,
  order: AgentOrder,
): Asked | undefined => (body === undefined ? undefined : { agentId: body.agent_id.value, order });

export function addNodeEndpoints(endpoints: EndpointSet, state: MasterState, order: OrderAgent): EndpointSet {
  const done = async (agentId: string, asked: AgentOrder): Promise<NodeItem> => {
    const { problem, cause } = await order(agentId, asked);
    if (problem === undefined) return shown(agentId);
    throw new CodedError(
      cause === "notFound" ? "NotFound" : cause === "conflict" ? "Conflict" : "Invalid",
      problem,
    );
  };
  const shown = (agentId: string): NodeItem => {
    const node = nodeOf(state, agentId);
    if (node === undefined) throw new CodedError("NotFound", `there is no agent ${agentId}`);
    return node;
  };
  return endpoints
    .add(showNode, ({ params }) => shown(params.id))
    .add(drainNode, ({ params, body: { markGone = false, maxGraceMs } }) =>
      done(params.id, {
        kind: "drain",
        drain: { markGone, ...(maxGraceMs === undefined ? {} : { maxGraceMs }) },
      }),
    )
    .add(deactivateNode, ({ params }) => done(params.id, { kind: "deactivate" }))
    .add(reactivateNode, ({ params }) => done(params.id, { kind: "reactivate" }))
    .add(markNodeGone, ({ params }) => done(params.id, { kind: "markGone" }));
}
