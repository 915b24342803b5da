/** `keelson role`: who resources are divided among, and why frameworks of a role are or are not offered any. */
import { explainRole, listRoles, type RoleItem } from "#contracts/kernel/allocation-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { amountsText, percent, verdictLines } from "../offer-text.ts";
import { amount, table } from "../output/table.ts";
import type { View } from "../output/view.ts";
import { everyItem, listQuery } from "../paging.ts";

export async function roleList(context: Context, input: Input): Promise<View> {
  const { items, foot } = await everyItem(context, (query) =>
    context.connection.call("kernel", listRoles, { query: { ...listQuery(input), ...query } }),
  );
  return {
    kind: "table",
    data: items,
    names: items.map(({ name }) => name),
    empty: context.say("role.none"),
    ...(foot === undefined ? {} : { foot }),
    rows: items.map((role) => ({
      role: role.name,
      weight: amount(role.weight),
      share: percent(role.share),
      frameworks: role.frameworks,
      used: amountsText(role.used),
      offered: amountsText(role.offered),
      reserved: amountsText(role.reserved),
      guarantee: amountsText(role.guarantees),
      limit: amountsText(role.limits),
    })),
  };
}

export async function roleExplain(context: Context, input: Input): Promise<View> {
  const { say, connection, language } = context;
  const answer = await connection.call("kernel", explainRole, {
    query: { role: input.word(0), language },
  });
  const { role, lacking, room, frameworks, total } = answer;
  return {
    kind: "text",
    data: answer,
    names: frameworks.map(({ frameworkId }) => frameworkId),
    text: ({ isWide }) =>
      [
        say("role.summary", {
          role: role.name,
          weight: amount(role.weight),
          share: percent(role.share),
          count: total,
        }),
        ...quotaLines(context, role, { lacking, room }),
        ...(total === 0 ? [say("role.noFrameworks", { role: role.name })] : []),
        ...frameworks.flatMap((verdict) => [
          "",
          ...verdictLines(context, verdict, { isWide, hasNodes: isWide }),
        ]),
        ...(frameworks.length === 0 ? [] : ["", say("role.next", { id: frameworks[0]?.frameworkId ?? "" })]),
      ].join("\n"),
  };
}

function quotaLines(
  { say, paint }: Context,
  { guarantees, limits, consumed }: RoleItem,
  { lacking, room }: { readonly lacking: RoleItem["limits"]; readonly room: RoleItem["limits"] },
): readonly string[] {
  const names = [...new Set([...Object.keys(guarantees), ...Object.keys(limits)])];
  if (names.length === 0) return [say("role.noQuota")];
  const shown = (amounts: Readonly<Record<string, number>>, name: string): string => {
    const value = amounts[name];
    return value === undefined ? "" : amount(value);
  };
  const rows = names.map((name) => [
    name,
    shown(guarantees, name),
    shown(limits, name),
    amount(consumed[name] ?? 0),
    shown(lacking, name),
    shown(room, name),
  ]);
  const headers = (
    [
      "column.resource",
      "column.guarantee",
      "column.limit",
      "column.consumed",
      "column.lacking",
      "column.room",
    ] as const
  ).map((key) => say(key));
  return [table(headers, rows, paint)];
}
