import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EventDecoder, type ServerEvent } from "#foundation/http/index.ts";
import { EventStreams } from "./event-streams.ts";

const streams = new EventStreams(() => 1_700_000_000_000, "life");
const server = createServer((request, response) => {
  const lastEventId = request.headers["last-event-id"];
  streams.open(response, {
    remoteAddress: "127.0.0.1",
    types: new Set(["app_terminated_event"]),
    wantsIds: lastEventId !== undefined,
    ...(typeof lastEventId === "string" ? { lastEventId } : {}),
  });
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  streams.close();
  server.closeAllConnections();
  server.close();
});

async function listen(headers: Readonly<Record<string, string>> = {}): Promise<readonly ServerEvent[]> {
  const { port } = server.address() as AddressInfo;
  const answer = await new Promise<IncomingMessage>((resolve) =>
    get({ host: "127.0.0.1", port, headers, agent: false }, resolve),
  );
  const heard: ServerEvent[] = [];
  const decoder = new EventDecoder();
  answer.on("data", (piece: Buffer) => heard.push(...decoder.push(piece)));
  return heard;
}

const publishMany = (count: number): void => {
  for (let index = 0; index < count; index += 1)
    streams.publish({ eventType: "app_terminated_event", appId: `/app-${index}`, timestamp: "" });
};
const hears = (heard: readonly ServerEvent[], count: number): Promise<void> =>
  expect.poll(() => heard.length, { timeout: 60_000 }).toBe(count);

it("more events in one step than may wait for a listener reach all who read, with ids or without", async () => {
  const plain = await listen();
  const withIds = await listen({ "last-event-id": "life-0" });
  await expect.poll(() => streams.size).toBe(2);
  const before = withIds.length;
  publishMany(3_000);
  await hears(plain, 3_000);
  await hears(withIds, before + 3_000);
  publishMany(1);
  await hears(plain, 3_001);
  expect(plain.map(({ id }) => id).every((id) => id === undefined)).toBe(true);
  const numbers = withIds.slice(before).map(({ id }) => Number(id?.slice("life-".length)));
  expect(numbers.slice(1).every((number, index) => number === (numbers[index] ?? 0) + 1)).toBe(true);
  expect(JSON.parse(plain[2_999]?.data ?? "")).toMatchObject({ appId: "/app-2999" });
});

it("a listener who comes back gets all it missed, also when that is more than may wait for it", async () => {
  const first = await listen({ "last-event-id": "another-life-1" });
  await expect.poll(() => first.map(({ event }) => event)).toEqual(["event_stream_missed"]);
  publishMany(1);
  await hears(first, 2);
  const lastEventId = first[1]?.id ?? "";
  publishMany(3_500);
  const again = await listen({ "last-event-id": lastEventId });
  await hears(again, 3_500);
  publishMany(1);
  await hears(again, 3_501);
});
