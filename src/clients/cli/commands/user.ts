/** `keelson user`: who may log in, what they belong to, and what they may do. */
import { readFileSync } from "node:fs";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { pairs } from "../output/render.ts";
import type { View } from "../output/view.ts";
import { naming, peopleOf, permissionLines } from "../people.ts";

export async function userList(context: Context): Promise<View> {
  const users = await peopleOf(context).users();
  return {
    kind: "table",
    data: users,
    names: users.map(({ uid }) => uid),
    empty: context.say("user.none"),
    rows: users.map(({ uid, description, isService }) => ({
      user: uid,
      type: typeText(context, isService),
      description,
    })),
  };
}

const typeText = ({ say }: Context, isService: boolean): string =>
  say(isService ? "user.isService" : "user.isPerson");

export async function userShow(context: Context, input: Input): Promise<View> {
  const people = peopleOf(context);
  const uid = input.word(0);
  const [user, groups, permissions] = await naming(
    context,
    () =>
      Promise.all([people.user(uid), people.groupsOf(uid), people.permissionsOf({ kind: "user", id: uid })]),
    { user: uid },
  );
  return {
    kind: "text",
    data: { ...user, groups, permissions },
    names: [user.uid],
    text: () =>
      [
        pairs(context, [
          ["column.user", user.uid],
          ["column.type", typeText(context, user.isService)],
          ["column.description", user.description],
          ["column.groups", groups.join(", ")],
        ]),
        "",
        ...permissionLines(context, permissions),
      ].join("\n"),
  };
}

export async function userAdd(context: Context, input: Input): Promise<void> {
  const uid = input.word(0);
  const description = input.text("description") ?? "";
  await peopleOf(context).createUser(uid, { description, password: await passwordOf(context, input) });
  await context.result({
    text: context.say("user.added", { name: uid }),
    data: { uid, description },
    name: uid,
  });
}

async function passwordOf({ terminal, say }: Context, input: Input): Promise<string> {
  if (input.isOn("password-stdin")) return readFileSync(0, "utf8").replace(/\r?\n$/, "");
  const answer = terminal.canAsk ? await terminal.askSecretly(`${say("user.password")} `) : undefined;
  if (answer === undefined || answer === "")
    throw new UsageError("login.cantAsk", { flag: "--password-stdin" }, input.path);
  return answer;
}

export async function userRemove(context: Context, input: Input): Promise<void> {
  const { say } = context;
  const uid = input.word(0);
  await confirm(context, { effect: say("confirm.removeUser", { name: uid }) });
  await naming(context, () => peopleOf(context).remove({ kind: "user", id: uid }), { user: uid });
  await context.result({ text: say("user.removed", { name: uid }), data: { uid }, name: uid });
}
