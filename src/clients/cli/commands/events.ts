/** `keelson events`: what happens in the cluster, as it happens, resumed over a broken connection. */
import { followEvents } from "#clients/client/events.ts";
import { servicePath } from "#clients/client/services.ts";
import { type ClusterEvent, oldestEvent } from "#contracts/observe/events.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { instant, printable, table } from "../output/table.ts";

/** Without `-f`: this long without an event, and it was the last one for now. */
const quietMs = 1_000;

export async function events(context: Context, input: Input): Promise<void> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const isFollowing = input.isOn("follow");
  const restart = (): void => {
    clearTimeout(timer);
    if (!isFollowing) timer = setTimeout(() => stop.abort(), quietMs);
  };
  try {
    await followEvents(
      context.connection,
      {
        kinds: input.all("kind").flatMap((given) => given.split(",")),
        // A service is found by its name without the slash too.
        objects: input
          .all("object")
          .flatMap((given) => given.split(",").flatMap((each) => [each, servicePath(each)])),
        // All that is remembered comes first; a follower begins with what comes.
        ...(isFollowing ? {} : { after: oldestEvent }),
      },
      {
        onOpen: restart,
        onEvent: (event) => {
          restart();
          if (event.kind === "reset" && !isFollowing) return;
          context.print(context.json ? JSON.stringify(event) : eventLine(context, event));
        },
      },
      stop.signal,
    );
  } finally {
    clearTimeout(timer);
  }
}

export function eventLine(context: Context, event: ClusterEvent): string {
  const detail = Object.entries(event.detail ?? {})
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
  const isBad = /fail|lost|unhealthy|unreachable|error/i.test(event.change);
  return table(
    [],
    [
      [
        instant(event.at),
        event.kind.padEnd(10),
        { text: event.change, tone: isBad ? "bad" : "strong" },
        event.object,
        printable(detail),
      ],
    ],
    context.paint,
  );
}
