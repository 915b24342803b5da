/** What several commands need of services: finding one by what a person calls it. */
import { type AppInfo, getApp, servicePath } from "#clients/client/services.ts";
import { listServices } from "#contracts/services/own-endpoints.ts";
import type { CommandFailed, Context } from "./context.ts";
import { type Named, naming, noSuch } from "./naming.ts";
import { everyItem } from "./paging.ts";

const services: Named = {
  unknown: "cli.service.unknown",
  names: async (context) => {
    const { items } = await everyItem(context, (query) =>
      context.connection.call("services", listServices, { query }),
    );
    return items.map(({ id }) => id);
  },
};

/** The service of that name. Throws a sentence with the nearest names when there is none; the root is none. */
export async function existingService(context: Context, name: string): Promise<AppInfo> {
  if (servicePath(name) === "/") throw await noSuchService(context, "/");
  return await namingService(context, name, () => getApp(context.cluster, name));
}

/** What `ask` answers, its 404 turned into a sentence about the service. */
export const namingService = <Result>(
  context: Context,
  name: string,
  ask: () => Promise<Result>,
): Promise<Result> => naming(context, services, servicePath(name), ask);

export const noSuchService = (context: Context, id: string): Promise<CommandFailed> =>
  noSuch(context, services, id);
