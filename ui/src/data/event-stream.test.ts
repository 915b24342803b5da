import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { followEvents, type StreamState } from "./event-stream.ts";

const frame = (id: string): string =>
  `id: ${id}\ndata: ${JSON.stringify({ id, at: 0, kind: "task", change: "x", object: "t" })}\n\n`;

/** A door that gives each connection to `answer`, with the id the page says it has seen. */
async function aDoor(answer: (response: ServerResponse, lastId: string | undefined) => void) {
  const asked: (string | undefined)[] = [];
  const server: Server = createServer((request, response) => {
    const header = request.headers["last-event-id"];
    const lastId = typeof header === "string" ? header : undefined;
    asked.push(lastId);
    answer(response, lastId);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe("the stream of events", () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  function follow(url: string, silenceMs = 60_000) {
    const events: ClusterEvent[] = [];
    const states: StreamState[] = [];
    ends.push(
      followEvents({
        url,
        silenceMs,
        onEvent: (event) => events.push(event),
        onState: (state) => states.push(state),
      }),
    );
    return { events, states };
  }
  const soon = { timeout: 15_000, interval: 20 };

  it("goes on behind the last event after a lost connection", async () => {
    const door = await aDoor((response, lastId) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (lastId === undefined) response.end(frame("1") + frame("2"));
      else response.write(frame("3"));
    });
    ends.push(door.close);
    const { events, states } = follow(door.url);
    await vi.waitFor(() => expect(events.map(({ id }) => id)).toEqual(["1", "2", "3"]), soon);
    expect(door.asked).toEqual([undefined, "2"]);
    expect(states).toEqual(["connecting", "open", "lost", "open"]);
  });

  it("opens a silent connection anew", async () => {
    const door = await aDoor((response, lastId) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(lastId === undefined ? frame("1") : frame("2"));
    });
    ends.push(door.close);
    const { events } = follow(door.url, 200);
    await vi.waitFor(() => expect(events.map(({ id }) => id)).toContain("2"), soon);
  });

  it("does not ask again once the door refuses", async () => {
    const door = await aDoor((response) => response.writeHead(401).end());
    ends.push(door.close);
    const { states } = follow(door.url);
    await vi.waitFor(() => expect(states).toContain("refused"), soon);
    expect(door.asked).toHaveLength(1);
  });
});
