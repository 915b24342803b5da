/** What several commands need of services: finding one by what a person calls it. */
import { RequestFailed } from "#clients/client/cluster.ts";
import { type AppInfo, getApp, servicePath } from "#clients/client/services.ts";
import { listServices } from "#contracts/services/own-endpoints.ts";
import { meant } from "./command-line/parse.ts";
import { similar } from "./command-line/similar.ts";
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { everyItem } from "./paging.ts";

/** The service of that name. Throws a sentence with the nearest names when there is none. */
export function existingService(context: Context, name: string): Promise<AppInfo> {
  return namingService(context, name, () => getApp(context.cluster, name));
}

/** What `ask` answers, its 404 turned into a sentence about the service. */
export async function namingService<Result>(
  context: Context,
  name: string,
  ask: () => Promise<Result>,
): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (isNotFound(error)) throw await noSuchService(context, servicePath(name));
    throw error;
  }
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof RequestFailed
    ? error.status === 404
    : typeof error === "object" && error !== null && "code" in error && error.code === "NotFound";

export async function noSuchService(context: Context, id: string): Promise<CommandFailed> {
  const known = await everyItem(context, (query) =>
    context.connection.call("services", listServices, { query }),
  ).catch(() => ({ items: [] }));
  const near = meant(
    similar(
      id,
      known.items.map((service) => service.id),
    ),
  );
  return new CommandFailed(context.say("cli.service.unknown", { name: id, ...near }), exitCodes.notFound);
}
