/** What commands about users, groups and permissions have in common: whom they are about, and what those may do. */
import { People, type Permission, refusalCode, type Subject } from "#clients/client/people.ts";
import type { Input } from "./command-line/input.ts";
import { UsageError } from "./command-line/parse.ts";
import type { CommandFailed, Context } from "./context.ts";
import { noSuch } from "./naming.ts";
import { table } from "./output/table.ts";
import type { Row } from "./output/view.ts";

export const peopleOf = ({ connection }: Context): People => new People(connection);

/** `--user` or `--group`; undefined when neither is given. Throws `UsageError` for both. */
export function subjectOf(input: Input): Subject | undefined {
  const [user, group] = [input.text("user"), input.text("group")];
  if (user !== undefined && group !== undefined)
    throw new UsageError("permission.oneSubject", {}, input.path);
  if (user !== undefined) return { kind: "user", id: user };
  return group === undefined ? undefined : { kind: "group", id: group };
}

/** What `ask` answers, its refusal of a name that is not there turned into a sentence with the nearest names. */
export async function naming<Result>(
  context: Context,
  ask: () => Promise<Result>,
  names: Names,
): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    const code = refusalCode(error);
    if (code === "ERR_UNKNOWN_USER_ID" && names.user !== undefined)
      throw await unknown(context, { kind: "user", id: names.user });
    if (code === "ERR_UNKNOWN_GROUP_ID" && names.group !== undefined)
      throw await unknown(context, { kind: "group", id: names.group });
    throw error;
  }
}

interface Names {
  readonly user?: string;
  readonly group?: string;
}

async function unknown(context: Context, { kind, id }: Subject): Promise<CommandFailed> {
  const people = peopleOf(context);
  const names = async (): Promise<readonly string[]> =>
    kind === "user"
      ? (await people.users()).map(({ uid }) => uid)
      : (await people.groups()).map(({ gid }) => gid);
  return await noSuch(context, { unknown: `${kind}.unknown`, names }, id);
}

/** Throws a sentence when there is no such user or group. */
export async function demandSubject(context: Context, { kind, id }: Subject): Promise<void> {
  const people = peopleOf(context);
  await naming(context, async () => (kind === "user" ? people.user(id) : people.group(id)), { [kind]: id });
}

/** `alice`, or `the group ops`. */
export const subjectText = ({ say }: Context, { kind, id }: Subject): string =>
  kind === "user" ? id : say("permission.group", { name: id });

export const permissionRows = (context: Context, permissions: readonly Permission[]): readonly Row[] =>
  permissions.map((permission) => ({
    resource: permission.rid,
    actions: permission.actions.join(", "),
    holder: subjectText(context, permission),
    description: permission.description,
  }));

/** Lines below what a user or a group is. */
export function permissionLines(context: Context, permissions: readonly Permission[]): readonly string[] {
  if (permissions.length === 0) return [context.say("permission.nothing")];
  const headers = (["column.resource", "column.actions", "column.holder"] as const).map((key) =>
    context.say(key),
  );
  const rows = permissionRows(context, permissions).map(({ resource, actions, holder }) => [
    resource,
    actions,
    holder,
  ]);
  return [table(headers, rows, context.paint)];
}
