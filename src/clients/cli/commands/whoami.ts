/** `keelson whoami`: whom the cluster takes us for, and where. */
import { showUser } from "#clients/client/login.ts";
import type { Input } from "../command-line/input.ts";
import { expiryOf, userOf } from "../config/token-expiry.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { pairs } from "../output/render.ts";
import { instant } from "../output/table.ts";
import type { View } from "../output/view.ts";

export async function whoami(context: Context, _input: Input): Promise<View> {
  const { door } = context.cluster;
  const { say, choice } = context;
  if (door?.token === undefined)
    throw new CommandFailed(say("whoami.noToken", { name: choice.name }), exitCodes.refused);
  // The cluster's own token is nobody's in particular: it says no name.
  const uid = userOf(door.token);
  const user = uid === undefined ? undefined : await showUser(door.url, door.token, uid);
  const expiry = expiryOf(door.token, Date.now(), choice);
  const data = {
    uid: uid ?? "cluster token",
    ...(user === undefined ? {} : { description: user.description, isService: user.isService }),
    context: choice.name,
    url: door.url,
    isReadOnly: choice.isReadOnly,
    ...(expiry === undefined ? {} : { expiresAt: expiry.at }),
  };
  return {
    kind: "text",
    data,
    names: [data.uid],
    text: () =>
      pairs(context, [
        ["column.user", uid ?? say("whoami.clusterToken")],
        ["column.description", user?.description],
        ["column.context", choice.name],
        ["column.url", door.url],
        ["column.readOnly", choice.isReadOnly ? say("context.readOnly") : undefined],
        ["column.expires", instant(expiry?.at)],
      ]),
  };
}
