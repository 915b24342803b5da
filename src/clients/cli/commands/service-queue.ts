/** `keelson service queue` and `service retry`: what waits to be launched, since when and why, and what waits for a delay to end. */
import { request } from "#clients/client/cluster.ts";
import { resetDelay, servicePath } from "#clients/client/services.ts";
import { listServices } from "#contracts/services/own-endpoints.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { Input } from "../command-line/input.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { isNotFound } from "../naming.ts";
import { age, span } from "../output/table.ts";
import type { View } from "../output/view.ts";
import { everyItem } from "../paging.ts";
import { existingService } from "../services.ts";

export async function serviceQueue(context: Context, input: Input): Promise<View> {
  const { cluster, say } = context;
  const name = input.optionalWord(0);
  if (name !== undefined) await existingService(context, name);
  const [{ body }, { items }] = await Promise.all([
    request(cluster, `${cluster.services}/v2/queue`),
    everyItem(context, (window) =>
      context.connection.call("services", listServices, { query: { ...window, language: context.language } }),
    ),
  ]);
  const reasons = new Map(items.map(({ id, reason }) => [id, reason?.message]));
  const queue = isJsonObject(body as JsonValue) ? (body as JsonObject)["queue"] : undefined;
  const entries = (Array.isArray(queue) ? queue.filter(isJsonObject) : [])
    .map((entry) => ({ entry, id: idOf(entry) }))
    .filter(({ id }) => name === undefined || id === servicePath(name));
  const now = Date.now();
  return {
    kind: "table",
    data: entries.map(({ entry, id }) => ({ ...entry, reason: reasons.get(id) })),
    names: entries.map(({ id }) => id),
    empty: say("service.noQueue"),
    rows: entries.map(({ entry, id }) => {
      const leftSeconds = numberIn(entry, "delay", "timeLeftSeconds");
      return {
        service: id,
        waiting: String(entry["count"]),
        age: age(Date.parse(String(entry["since"])), now),
        delay: leftSeconds > 0 ? span(leftSeconds * 1_000) : undefined,
        offers: String(numberIn(entry, "processedOffersSummary", "processedOffersCount")),
        reason: reasons.get(id),
      };
    }),
  };
}

/** Of an entry the app's or the pod's. */
function idOf({ app, pod }: JsonObject): string {
  const shown = app ?? pod;
  return isJsonObject(shown) ? String(shown["id"]) : "";
}

function numberIn(entry: JsonObject, part: string, name: string): number {
  const within = entry[part];
  return isJsonObject(within) && typeof within[name] === "number" ? within[name] : 0;
}

export async function serviceRetry(context: Context, input: Input): Promise<void> {
  const { id: name } = await existingService(context, input.word(0));
  try {
    await resetDelay(context.cluster, name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new CommandFailed(context.say("service.nothingWaits", { name }), exitCodes.notFound);
  }
  await context.result({
    text: context.say("service.retried", { name }),
    data: { service: name },
    name,
  });
}
