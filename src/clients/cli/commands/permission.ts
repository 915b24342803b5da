/** `keelson permission`: who may do what with which resource. */
import type { Permission, Subject } from "#clients/client/people.ts";
import { isKnownResource, knownResources } from "#domain/authorization/index.ts";
import { type Action, actions, isAction, isResourceId } from "#domain/permissions/index.ts";
import type { Input } from "../command-line/input.ts";
import { meant, UsageError } from "../command-line/parse.ts";
import { distance, similar } from "../command-line/similar.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/view.ts";
import { demandSubject, naming, peopleOf, permissionRows, subjectOf, subjectText } from "../people.ts";

/** Who holds one is asked resource by resource. */
const resourcesShown = 500;
const nearShown = 3;

export async function permissionList(context: Context, input: Input): Promise<View> {
  const { permissions, foot } = await asked(context, input);
  return {
    kind: "table",
    data: permissions,
    // A resource has several holders.
    names: permissions.map(({ rid, kind, id }) => `${rid} ${kind}:${id}`),
    empty: context.say("permission.none"),
    ...(foot === undefined ? {} : { foot }),
    rows: permissionRows(context, permissions),
  };
}

/** Of a user or a group, or of everybody; of one resource and what is below it, or of all. */
async function asked(
  context: Context,
  input: Input,
): Promise<{ readonly permissions: readonly Permission[]; readonly foot?: string }> {
  const people = peopleOf(context);
  const subject = subjectOf(input);
  const resource = input.optionalWord(0);
  const isMeant = ({ rid }: { readonly rid: string }): boolean =>
    resource === undefined || rid.startsWith(resource);
  if (subject !== undefined) {
    const held = await naming(context, () => people.permissionsOf(subject), { [subject.kind]: subject.id });
    return { permissions: held.filter(isMeant) };
  }
  const resources = (await people.resources()).filter(isMeant);
  const permissions = await people.holders(resources.slice(0, resourcesShown));
  if (resources.length <= resourcesShown) return { permissions };
  return {
    permissions,
    foot: context.say("permission.more", { shown: resourcesShown, total: resources.length }),
  };
}

export async function permissionGrant(context: Context, input: Input): Promise<void> {
  const { say } = context;
  const subject = demandGiven(input);
  const wanted = actionsOf(input);
  if (wanted.length === 0) throw noAction(input, "");
  const rid = input.word(0);
  if (!isResourceId(rid)) throw new UsageError("permission.badResource", { rid, ...near(rid) }, input.path);
  if (!isKnownResource(rid) && !input.isOn("force"))
    throw new CommandFailed(say("permission.unknownResource", { rid, ...near(rid) }), exitCodes.refused);
  await demandSubject(context, subject);
  await peopleOf(context).grant(rid, subject, wanted);
  const who = subjectText(context, subject);
  await context.result({
    text: say("permission.granted", { who, rid, actions: wanted.join(", ") }),
    data: { rid, ...subject, actions: wanted },
    name: rid,
  });
}

export async function permissionRevoke(context: Context, input: Input): Promise<void> {
  const { say } = context;
  const people = peopleOf(context);
  const subject = demandGiven(input);
  const given = actionsOf(input);
  const rid = input.word(0);
  await demandSubject(context, subject);
  const own = (await people.permissionsOf(subject)).filter(({ kind }) => kind === subject.kind);
  const held = own.find((permission) => permission.rid === rid)?.actions ?? [];
  const missing = given.find((action) => !held.includes(action));
  const who = subjectText(context, subject);
  if (held.length === 0 || missing !== undefined) {
    const has = own.map((permission) => `${permission.rid} (${permission.actions.join(", ")})`);
    throw new CommandFailed(
      say("permission.notHeld", {
        who,
        rid,
        action: missing ?? "none",
        count: has.length,
        has: has.map((line) => `\n  ${line}`).join(""),
      }),
      exitCodes.notFound,
    );
  }
  const taken = given.length === 0 ? held : given;
  await confirm(context, { effect: say("confirm.revoke", { who, rid, actions: taken.join(", ") }) });
  await people.revoke(rid, subject, taken);
  await context.result({
    text: say("permission.revoked", { who, rid, actions: taken.join(", ") }),
    data: { rid, ...subject, actions: taken },
    name: rid,
  });
}

function demandGiven(input: Input): Subject {
  const subject = subjectOf(input);
  if (subject === undefined) throw new UsageError("permission.oneSubject", {}, input.path);
  return subject;
}

/** `read update`, or `read,update`. */
function actionsOf(input: Input): readonly Action[] {
  const given = new Set(input.wordsFrom(1).flatMap((word) => word.split(",")));
  return [...given].map((word) => {
    if (!isAction(word)) throw noAction(input, word);
    return word;
  });
}

const noAction = (input: Input, given: string): UsageError =>
  new UsageError(
    "permission.noAction",
    { given, known: actions.join(", "), ...meant(similar(given, actions)) },
    input.path,
  );

/** The ids that begin most like it. */
function near(rid: string): ReturnType<typeof meant> {
  const ranked = knownResources
    .map((known) => ({ known, apart: distance(rid.slice(0, known.length), known) }))
    .sort((one, other) => one.apart - other.apart)
    .filter(({ known, apart }) => apart <= known.length / 3);
  return meant(ranked.slice(0, nearShown).map(({ known }) => known));
}
