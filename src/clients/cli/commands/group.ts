/** `keelson group`: users who may do the same. */
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { pairs } from "../output/render.ts";
import type { View } from "../output/view.ts";
import { demandSubject, naming, peopleOf, permissionLines } from "../people.ts";

export async function groupList(context: Context): Promise<View> {
  const groups = await peopleOf(context).groups();
  return {
    kind: "table",
    data: groups,
    names: groups.map(({ gid }) => gid),
    empty: context.say("group.none"),
    rows: groups.map(({ gid, description }) => ({ group: gid, description })),
  };
}

export async function groupShow(context: Context, input: Input): Promise<View> {
  const people = peopleOf(context);
  const gid = input.word(0);
  const [group, members, permissions] = await naming(
    context,
    () =>
      Promise.all([people.group(gid), people.members(gid), people.permissionsOf({ kind: "group", id: gid })]),
    { group: gid },
  );
  return {
    kind: "text",
    data: { ...group, members, permissions },
    names: [group.gid],
    text: () =>
      [
        pairs(context, [
          ["column.group", group.gid],
          ["column.description", group.description],
          ["column.members", members.length === 0 ? context.say("group.empty") : members.join(", ")],
        ]),
        "",
        ...permissionLines(context, permissions),
      ].join("\n"),
  };
}

export async function groupAdd(context: Context, input: Input): Promise<void> {
  const gid = input.word(0);
  const description = input.text("description") ?? "";
  await peopleOf(context).createGroup(gid, description);
  await context.result({
    text: context.say("group.added", { name: gid }),
    data: { gid, description },
    name: gid,
  });
}

export async function groupRemove(context: Context, input: Input): Promise<void> {
  const { say } = context;
  const gid = input.word(0);
  const people = peopleOf(context);
  const members = await naming(context, () => people.members(gid), { group: gid });
  await confirm(context, { effect: say("confirm.removeGroup", { name: gid, count: members.length }) });
  await people.remove({ kind: "group", id: gid });
  await context.result({ text: say("group.removed", { name: gid }), data: { gid, members }, name: gid });
}

export const memberAdd = (context: Context, input: Input): Promise<void> => setMembers(context, input, true);

export const memberRemove = (context: Context, input: Input): Promise<void> =>
  setMembers(context, input, false);

/** Who is as wished already is left so: repeating it is no failure. */
async function setMembers(context: Context, input: Input, isMember: boolean): Promise<void> {
  const { say } = context;
  const people = peopleOf(context);
  const [gid, uids] = [input.word(0), [...new Set(input.wordsFrom(1))]];
  const before = await naming(context, () => people.members(gid), { group: gid });
  for (const uid of uids) await demandSubject(context, { kind: "user", id: uid });
  const changed = uids.filter((uid) => before.includes(uid) !== isMember);
  const names = uids.join(", ");
  if (!isMember && changed.length > 0)
    await confirm(context, { effect: say("confirm.removeMember", { group: gid, names }) });
  for (const uid of changed) await people.setMember(gid, uid, isMember);
  await context.result({
    text: say(isMember ? "group.memberAdded" : "group.memberRemoved", { group: gid, names }),
    data: { gid, uids, changed },
    name: gid,
  });
}
