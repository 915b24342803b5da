/** `keelson plan`: what a change would do, without doing it. Ends with 2 when there is something to do. */
import { planChange } from "#contracts/services/own-endpoints.ts";
import { changeSetOf, savePlan } from "../change-set.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/view.ts";
import { planText } from "../plan-text.ts";

export async function plan(context: Context, input: Input): Promise<View> {
  const changeSet = changeSetOf(context, input);
  const planned = await context.connection.call("services", planChange, {
    query: { language: context.language },
    body: changeSet,
  });
  const out = input.text("out");
  if (out !== undefined) savePlan(context, out, { plan: planned, changeSet });
  return {
    kind: "text",
    data: planned,
    names: planned.services.filter(({ effect }) => effect !== "unchanged").map(({ id }) => id),
    text: (options) => planText(context, planned, options),
    ...(planned.isEmpty ? {} : { exitCode: exitCodes.change }),
  };
}
