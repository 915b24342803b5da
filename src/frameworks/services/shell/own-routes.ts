/** Our own reads below `/keelson/v1`: lists, history and why. */
import {
  explainWhy,
  listDeployments,
  listInstances,
  listServices,
  showHistory,
} from "#contracts/services/own-endpoints.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { EndpointSet } from "#foundation/http/index.ts";
import { itemWithText, withText } from "#frameworks/base/shell/reason-text.ts";
import type { ExplainOptions } from "../core/index.ts";
import type { OwnContext } from "./context.ts";

/** Nodes whose verdicts one answer has; the nearest misses are first. */
const nodesMax = 100;

export function addOwnReads(endpoints: EndpointSet, context: OwnContext): void {
  const { own } = context;
  endpoints
    .add(listServices, async ({ query: { language = "en", ...query } }) => {
      const { items, total } = own.listServices(query, await explainOptions(context, 0));
      return { items: items.map((item) => itemWithText(item, language)), total };
    })
    .add(listInstances, ({ query }) => {
      const list = own.listInstances(query);
      if (list === undefined) throw unknown(query.service ?? "");
      return { ...list, items: [...list.items] };
    })
    .add(explainWhy, async ({ query: { name, language = "en" } }) => {
      const options = await explainOptions(context, nodesMax);
      const pulls = await context.pulls.read(own.agentsPulling(name));
      const found = own.explain(name, { ...options, pulls });
      if (found === undefined) throw unknown(name);
      return { ...found, reasons: found.reasons.map((reason) => withText(reason, language)) };
    })
    .add(showHistory, ({ params, query }) => {
      const id = `/${params.id.replace(/^\/+|(?<!\/)\/+$/g, "")}`;
      const history = own.showHistory(id, query);
      if (history === undefined) throw unknown(id);
      return { ...history, items: [...history.items] };
    })
    .add(listDeployments, ({ query: { language = "en", ...query } }) => {
      const { items, total } = own.listDeployments(query);
      return { items: items.map((item) => itemWithText(item, language)), total };
    });
}

/** The master is asked about its agents only when something waits for one. */
export async function explainOptions(
  { own, now, nodes }: OwnContext,
  nodesMax: number,
): Promise<ExplainOptions> {
  const known = own.isAnythingWaiting() ? await nodes.read() : undefined;
  return { now: now(), known, nodesMax };
}

export function unknown(name: string): CodedError {
  return new CodedError("NotFound", `there is no service, instance or deployment ${name.slice(0, 300)}`);
}
