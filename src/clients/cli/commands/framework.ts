/** `keelson framework`: the schedulers of the cluster, and why one is or is not offered resources. */
import {
  explainFramework,
  type FrameworkItem,
  listFrameworks,
} from "#contracts/kernel/allocation-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { meant } from "../command-line/parse.ts";
import { similar } from "../command-line/similar.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { amountsText, verdictLines } from "../offer-text.ts";
import { age } from "../output/table.ts";
import type { View } from "../output/view.ts";
import { everyItem, listQuery } from "../paging.ts";

export async function frameworkList(context: Context, input: Input): Promise<View> {
  const { say } = context;
  const { items, foot } = await everyItem(context, (query) =>
    context.connection.call("kernel", listFrameworks, { query: { ...listQuery(input), ...query } }),
  );
  const now = Date.now();
  return {
    kind: "table",
    data: items,
    names: items.map(({ id }) => id),
    empty: say("framework.none"),
    ...(foot === undefined ? {} : { foot }),
    rows: items.map((framework) => ({
      framework: framework.name,
      state: {
        text: say(`state.framework.${framework.state}`),
        tone: framework.state === "connected" ? ("good" as const) : ("bad" as const),
      },
      roles: framework.roles.join(","),
      tasks: framework.tasks,
      offers: framework.offers,
      used: amountsText(framework.used),
      age: age(framework.registeredAt, now),
      id: framework.id,
      suppressed: framework.suppressedRoles.join(","),
      host: framework.hostname,
    })),
  };
}

export async function frameworkExplain(context: Context, input: Input): Promise<View> {
  const { connection, language } = context;
  const { id } = await findFramework(context, input.word(0));
  const answer = await connection.call("kernel", explainFramework, { params: { id }, query: { language } });
  return {
    kind: "text",
    data: answer,
    names: answer.roles.map(({ reason }) => reason),
    text: ({ isWide }) =>
      answer.roles
        .map((verdict) => verdictLines(context, verdict, { isWide, hasNodes: true }).join("\n"))
        .join("\n\n"),
  };
}

/** The framework whose id or name is, or begins with, the text. */
async function findFramework(context: Context, given: string): Promise<FrameworkItem> {
  const { items } = await everyItem(context, (query) =>
    context.connection.call("kernel", listFrameworks, { query }),
  );
  const matching =
    [
      items.filter(({ id, name }) => id === given || name === given),
      items.filter(({ id, name }) => id.startsWith(given) || name.startsWith(given)),
    ].find((group) => group.length > 0) ?? [];
  const [framework] = matching;
  if (framework === undefined) {
    const names = items.flatMap(({ id, name }) => [name, id]);
    throw new CommandFailed(
      context.say("framework.unknown", { text: given, ...meant(similar(given, names)) }),
      exitCodes.notFound,
    );
  }
  if (matching.length > 1) {
    const ids = matching.map(({ id, name }) => `\n  ${id}  ${name}`).join("");
    throw new CommandFailed(context.say("framework.several", { text: given, ids }), exitCodes.usage);
  }
  return framework;
}
