/** `keelson service group`: groups of services, each a part of the paths of what lies in it. */
import { getGroup, removeGroup, type ServiceGroup, scaleGroup } from "#clients/client/groups.ts";
import { deploymentOf, servicePath } from "#clients/client/services.ts";
import { listServices, type ServiceItem } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withLock } from "../lock.ts";
import { type Named, naming, noSuch } from "../naming.ts";
import { pairs } from "../output/render.ts";
import type { View } from "../output/view.ts";
import { everyItem } from "../paging.ts";
import { concludeChange } from "../verdict.ts";

const withBelow = (group: ServiceGroup): readonly ServiceGroup[] => [
  group,
  ...group.groups.flatMap(withBelow),
];

/** Ids of services in it and below it. */
const servicesIn = (group: ServiceGroup): readonly string[] =>
  withBelow(group).flatMap(({ services }) => services);

const groups: Named = {
  unknown: "serviceGroup.unknown",
  names: async ({ cluster }) => withBelow(await getGroup(cluster, "/")).map(({ id }) => id),
};

/** A word that is empty, as of a variable that is not set, names no group: least of all the root. */
const existingGroup = async (context: Context, name: string): Promise<ServiceGroup> => {
  if (name === "") throw await noSuch(context, groups, name);
  return await naming(context, groups, servicePath(name), () => getGroup(context.cluster, name));
};

async function servicesOf(context: Context): Promise<ReadonlyMap<string, ServiceItem>> {
  const { items } = await everyItem(context, (query) =>
    context.connection.call("services", listServices, { query }),
  );
  return new Map(items.map((item) => [item.id, item]));
}

const countOf = (
  ids: readonly string[],
  known: ReadonlyMap<string, ServiceItem>,
): { readonly running: number; readonly wanted: number } => {
  const counts = ids.flatMap((id) => known.get(id)?.instances ?? []);
  return {
    running: counts.reduce((sum, { running }) => sum + running, 0),
    wanted: counts.reduce((sum, { wanted }) => sum + wanted, 0),
  };
};

export async function serviceGroupList(context: Context, input: Input): Promise<View> {
  const [root, known] = await Promise.all([
    existingGroup(context, input.optionalWord(0) ?? "/"),
    servicesOf(context),
  ]);
  const all = withBelow(root).filter(({ id }) => id !== "/");
  const data = all.map((group) => {
    const ids = servicesIn(group);
    const { dependencies, enforceRole, version } = group;
    return { id: group.id, services: ids, ...countOf(ids, known), dependencies, enforceRole, version };
  });
  return {
    kind: "table",
    data,
    names: all.map(({ id }) => id),
    empty: context.say("serviceGroup.none"),
    rows: data.map(({ id, services, running, wanted, dependencies, enforceRole, version }) => ({
      group: id,
      services: services.length,
      running: `${running}/${wanted}`,
      dependencies: dependencies.join(", "),
      role: enforceRole ? id.slice(1) : undefined,
      version,
    })),
  };
}

export async function serviceGroupShow(context: Context, input: Input): Promise<View> {
  const [group, known] = await Promise.all([existingGroup(context, input.word(0)), servicesOf(context)]);
  const ids = servicesIn(group);
  const { running, wanted } = countOf(ids, known);
  return {
    kind: "text",
    data: { ...group, running, wanted },
    names: [group.id],
    text: () =>
      pairs(context, [
        ["column.group", group.id],
        ["column.running", `${running}/${wanted}`],
        ["column.dependencies", group.dependencies.join(", ")],
        ["column.role", group.enforceRole ? group.id.slice(1) : undefined],
        ["column.version", group.version],
        ["column.groups", group.groups.map(({ id }) => id).join(", ")],
        ["column.services", ids.join(", ")],
      ]),
  };
}

export async function serviceGroupScale(context: Context, input: Input): Promise<ExitCode> {
  const factor = input.numberOf("FACTOR", input.word(1));
  const group = await existingGroup(context, input.word(0));
  const answer = await withLock(context, input, (options) =>
    scaleGroup(context.cluster, group.id, factor, options),
  );
  return await conclude(context, input, { group, deployment: deploymentOf(answer), isRemoval: false });
}

export async function serviceGroupRemove(context: Context, input: Input): Promise<ExitCode> {
  const group = await existingGroup(context, input.word(0));
  if (group.id === "/") throw new CommandFailed(context.say("serviceGroup.isRoot"), exitCodes.refused);
  const ids = servicesIn(group);
  const { running } = countOf(ids, await servicesOf(context));
  await confirm(context, {
    effect: context.say("confirm.removeServiceGroup", {
      name: group.id,
      count: ids.length,
      names: ids.join(", "),
      running,
    }),
  });
  const answer = await withLock(context, input, (options) => removeGroup(context.cluster, group.id, options));
  return await conclude(context, input, { group, deployment: deploymentOf(answer), isRemoval: true });
}

async function conclude(
  context: Context,
  input: Input,
  {
    group,
    deployment,
    isRemoval,
  }: {
    readonly group: ServiceGroup;
    readonly deployment: string | undefined;
    readonly isRemoval: boolean;
  },
): Promise<ExitCode> {
  const services = servicesIn(group);
  const isFollowed = deployment !== undefined && !input.isOn("no-wait");
  if (isFollowed) {
    const code = await concludeChange(context, input, { deployment, services, isRemoval });
    if (code !== exitCodes.ok) return code;
  }
  const facts = { name: group.id, count: services.length, deployment: deployment ?? "-" };
  const done = isRemoval ? "serviceGroup.removed" : "serviceGroup.scaled";
  await context.result({
    text: context.say(isFollowed || deployment === undefined ? done : "service.accepted", facts),
    data: { group: group.id, services, ...(deployment === undefined ? {} : { deploymentId: deployment }) },
    name: group.id,
  });
  return exitCodes.ok;
}
