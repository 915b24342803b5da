/** A watch reads when the stream says so, and by the clock where there is none. */
import { expect, it } from "vitest";
import type { Connection } from "#clients/client/connection.ts";
import { HeardChanges } from "./heard-changes.ts";

type Handlers = Parameters<Connection["stream"]>[2];

/** A door whose stream the test speaks for; `status` is what it answers. */
function door(status: number) {
  const opened = Promise.withResolvers<{ readonly path: string; readonly handlers: Handlers }>();
  let aborted = 0;
  const stream: Connection["stream"] = async (_target, path, handlers) => {
    opened.resolve({ path, handlers });
    queueMicrotask(() => {
      handlers.onHead(status, {});
      if (status !== 200) handlers.onEnd("over");
    });
    const abort = (): void => {
      aborted += 1;
    };
    return { abort } as Awaited<ReturnType<Connection["stream"]>>;
  };
  return { opened: opened.promise, aborts: () => aborted, context: { connection: { stream } as Connection } };
}
const hour = 3_600_000;
const event = Buffer.from(
  'id: 1\ndata: {"id":"1","at":1,"kind":"job","change":"runFinished","object":"a"}\n\n',
);

it("an open stream is read behind once, and then at each event, however long that takes", async () => {
  const { opened, context, aborts } = door(200);
  const changes = new HeardChanges(context, { kinds: ["job"], objects: ["a"] });
  const { path, handlers } = await opened;
  expect(path).toBe("/keelson/v1/events?kind=job&object=a");
  await changes.next({ heardMs: hour, unheardMs: hour });
  let isDone = false;
  const next = changes.next({ heardMs: hour, unheardMs: hour }).then(() => {
    isDone = true;
  });
  await new Promise(setImmediate);
  expect(isDone).toBe(false);
  handlers.onData(event);
  handlers.onData(event);
  await next;
  // What came while nobody waited is not forgotten.
  handlers.onData(event);
  await changes.next({ heardMs: hour, unheardMs: hour });
  changes.close();
  await expect.poll(aborts).toBe(1);
});

it("without an event the clock goes on", async () => {
  const { context } = door(200);
  const changes = new HeardChanges(context, { kinds: ["job"] });
  await changes.next({ heardMs: hour, unheardMs: hour });
  await changes.next({ heardMs: 1, unheardMs: hour });
  changes.close();
});

it("where the door refuses the stream what is read goes by the shorter clock", async () => {
  const { context, opened } = door(403);
  const changes = new HeardChanges(context, { kinds: ["job"] });
  await opened;
  for (let round = 0; round < 3; round++) await changes.next({ heardMs: hour, unheardMs: 1 });
  changes.close();
});
