/** `keelson quota`: what roles are guaranteed, and the most they may consume. */
import { listRoles, type RoleItem, removeQuota, setQuota } from "#contracts/kernel/allocation-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import type { Context } from "../context.ts";
import { amountsText } from "../offer-text.ts";
import { amount } from "../output/table.ts";
import type { View } from "../output/view.ts";
import { everyItem } from "../paging.ts";

type Amounts = Readonly<Record<string, number>>;

export async function quotaList(context: Context): Promise<View> {
  const { items } = await everyItem(context, (query) =>
    context.connection.call("kernel", listRoles, { query: { ...query, filter: "quota:true" } }),
  );
  const rows = items.flatMap((role) =>
    resourcesOf(role).map((name) => ({
      role: role.name,
      resource: name,
      guarantee: shown(role.guarantees, name),
      limit: shown(role.limits, name),
      consumed: amount(role.consumed[name] ?? 0),
    })),
  );
  return {
    kind: "table",
    data: items,
    names: rows.map(({ role }) => role),
    empty: context.say("quota.none"),
    rows,
  };
}

const resourcesOf = ({ guarantees, limits }: RoleItem): readonly string[] => [
  ...new Set([...Object.keys(guarantees), ...Object.keys(limits)]),
];

function shown(amounts: Amounts, name: string): string {
  const value = amounts[name];
  return value === undefined ? "" : amount(value);
}

export async function quotaSet(context: Context, input: Input): Promise<void> {
  const { say, connection } = context;
  const role = input.word(0);
  const guarantees = read(input, "guarantee");
  const limits = read(input, "limit");
  if (guarantees.size + limits.size === 0) throw new UsageError("quota.nothingGiven", {}, input.path);
  const { items } = await everyItem(context, (query) => connection.call("kernel", listRoles, { query }));
  const before = items.find(({ name }) => name === role);
  const answer = await connection.call("kernel", setQuota, {
    params: { role },
    body: {
      guarantees: changed(before?.guarantees ?? {}, guarantees),
      limits: changed(before?.limits ?? {}, limits),
      ...(input.isOn("force") ? { force: true } : {}),
    },
  });
  const nothing = say("quota.unbounded");
  await context.result({
    text: say("quota.set", {
      role,
      guarantees: amountsText(answer.guarantees) || nothing,
      limits: amountsText(answer.limits) || nothing,
      consumed: amountsText(answer.consumed) || nothing,
    }),
    data: answer,
    name: role,
  });
}

export async function quotaRemove(context: Context, input: Input): Promise<void> {
  const role = input.word(0);
  const answer = await context.connection.call("kernel", removeQuota, { params: { role } });
  await context.result({ text: context.say("quota.removed", { role }), data: answer, name: role });
}

/** `cpus=4,mem=8192`, also given several times; `none` takes a quantity out. */
function read(input: Input, flag: "guarantee" | "limit"): ReadonlyMap<string, number | undefined> {
  const amounts = new Map<string, number | undefined>();
  for (const part of input.all(flag).flatMap((given) => given.split(","))) {
    const at = part.indexOf("=");
    const name = part.slice(0, at).trim();
    const value = part.slice(at + 1).trim();
    if (at === -1 || name === "")
      throw new UsageError("quota.notAnAmount", { name: `--${flag}`, given: part }, input.path);
    amounts.set(name, value === "none" ? undefined : input.numberOf(`--${flag} ${name}`, value));
  }
  return amounts;
}

function changed(before: Amounts, changes: ReadonlyMap<string, number | undefined>): Amounts {
  const amounts = new Map(Object.entries(before));
  for (const [name, value] of changes) {
    if (value === undefined) amounts.delete(name);
    else amounts.set(name, value);
  }
  return Object.fromEntries(amounts);
}
