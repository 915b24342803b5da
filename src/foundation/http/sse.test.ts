import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { takeOver } from "./answer.ts";
import { createHttpClient } from "./client.ts";
import { createHttpServer } from "./server.ts";
import { EventDecoder, encodeEvent, eventHeartbeat, type ServerEvent } from "./sse.ts";
import { openStream } from "./stream-writer.ts";

function decode(text: string, decoder = new EventDecoder()): readonly ServerEvent[] {
  return decoder.push(Buffer.from(text));
}

describe("encodeEvent", () => {
  it.each([
    [{ data: "" }, "data: \r\n\r\n"],
    [{ event: "status_update_event", data: "{}" }, "event: status_update_event\r\ndata: {}\r\n\r\n"],
    [{ event: "e", id: "7", data: "x" }, "event: e\r\nid: 7\r\ndata: x\r\n\r\n"],
    [{ data: "one\ntwo\r\nthree\rfour" }, "data: one\r\ndata: two\r\ndata: three\r\ndata: four\r\n\r\n"],
    [{ data: "ends\n" }, "data: ends\r\ndata: \r\n\r\n"],
    [
      { event: "a\r\ndata: forged", id: "1\n\n2", data: "x" },
      "event: a data: forged\r\nid: 1 2\r\ndata: x\r\n\r\n",
    ],
  ])("writes %j as lines that end with CRLF", (frame, text) => {
    expect(encodeEvent(frame)).toBe(text);
  });
});

describe("EventDecoder", () => {
  it.each<{ claim: string; text: string; events: readonly Partial<ServerEvent>[] }>([
    {
      claim: "an event without a name is a message",
      text: "data: x\n\n",
      events: [{ event: "message", data: "x", id: undefined }],
    },
    {
      claim: "data of several lines is joined with line feeds",
      text: "data: a\ndata:\ndata: b\n\n",
      events: [{ data: "a\n\nb" }],
    },
    {
      claim: "one space after the colon is not part of the value",
      text: "data:  x\n\ndata:y\n\n",
      events: [{ data: " x" }, { data: "y" }],
    },
    { claim: "colons in a value stay", text: "data: a: b: c\n\n", events: [{ data: "a: b: c" }] },
    {
      claim: "a line that is only a field's name has an empty value",
      text: "data\n\n",
      events: [{ data: "" }],
    },
    {
      claim: "comments and empty lines make no event",
      text: ":\n: keep-alive\n\n\r\n\r\ndata: x\n: between\n\n",
      events: [{ data: "x" }],
    },
    {
      claim: "an event without data makes none and leaves no name behind",
      text: "event: a\n\ndata: x\n\n",
      events: [{ event: "message", data: "x" }],
    },
    {
      claim: "an id stays until the next one",
      text: "id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\nid\ndata: d\n\n",
      events: [
        { data: "a", id: "1" },
        { data: "b", id: "1" },
        { data: "c", id: "2" },
        { data: "d", id: "" },
      ],
    },
    {
      claim: "an id with a null character is ignored",
      text: "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
      events: [{ id: "1" }, { data: "b", id: "1" }],
    },
    {
      claim: "unknown fields and retry are ignored",
      text: "retry: 10\nfoo: bar\n data: no\ndata: x\n\n",
      events: [{ data: "x" }],
    },
    {
      claim: "lines may end with CR alone",
      text: "data: a\rdata: b\r\rdata: c\r\r:\n",
      events: [{ data: "a\nb" }, { data: "c" }],
    },
    {
      claim: "a byte order mark at the start is dropped",
      text: "\ufeffdata: x\n\n",
      events: [{ data: "x" }],
    },
    { claim: "an event without its empty line is not there yet", text: "data: x\n", events: [] },
  ])("$claim", ({ text, events }) => {
    const found = decode(text);
    expect(found).toMatchObject(events);
    expect(found).toHaveLength(events.length);
  });

  it("reads heartbeats as nothing, even within the stream's first event", () => {
    expect(
      decode(`${eventHeartbeat}${eventHeartbeat}${encodeEvent({ data: "x" })}${eventHeartbeat}`),
    ).toEqual([{ event: "message", data: "x", id: undefined }]);
  });

  it("gives the same events wherever the stream is cut, also within CRLF and a character", () => {
    const bytes = Buffer.from(
      [
        encodeEvent({ event: "é", id: "✓", data: "wörld ✓ 😀\nsecond" }),
        eventHeartbeat,
        ": comment\r\n",
        encodeEvent({ data: "b" }),
      ].join(""),
    );
    const expected = [
      { event: "é", id: "✓", data: "wörld ✓ 😀\nsecond" },
      { event: "message", id: "✓", data: "b" },
    ];
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const decoder = new EventDecoder();
      const events = [...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut))];
      expect(events, `cut at byte ${cut}`).toEqual(expected);
    }
    const decoder = new EventDecoder();
    expect(Array.from(bytes).flatMap((byte) => decoder.push(Buffer.from([byte])))).toEqual(expected);
  });

  it("gives what was encoded, for any events cut at any places", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.constantFrom("\r", "\n", ":", " ", "data", "x") }),
    );
    const line = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/[\r\n\0]/.test(text));
    const anyEvent = fc.record({ event: line, data: anyText, id: line });
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (given, size) => {
        const bytes = Buffer.from(given.map(encodeEvent).join(""));
        const decoder = new EventDecoder();
        const found: ServerEvent[] = [];
        for (let at = 0; at < bytes.length; at += size)
          found.push(...decoder.push(bytes.subarray(at, at + size)));
        expect(found).toEqual(
          given.map(({ data, ...rest }) => ({ ...rest, data: data.replace(/\r\n|\r/g, "\n") })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("refuses a line above its bound that never ends", () => {
    const decoder = new EventDecoder(1_000);
    decode("data: ", decoder);
    expect(() => decode("x".repeat(2_000), decoder)).toThrow("an event is longer than 1000 characters");
  });

  it("refuses an event above its bound whose lines end but which itself never does", () => {
    const decoder = new EventDecoder(1_000);
    const more = (): void => {
      for (let line = 0; line < 1_000; line += 1) decode("data: 0123456789\n", decoder);
    };
    expect(more).toThrow("an event is longer than 1000 characters");
    expect(() => decode("data\n".repeat(2_000), new EventDecoder(1_000))).toThrow("longer than 1000");
  });

  it("counts the bound for each event, not for the stream", () => {
    const decoder = new EventDecoder(100);
    const event = encodeEvent({ event: "e", data: "0123456789\n0123456789" });
    for (let count = 0; count < 100; count += 1) expect(decode(event, decoder)).toHaveLength(1);
    expect(decode(event.repeat(20), decoder)).toHaveLength(20);
  });
});

describe("events over a socket", () => {
  it("arrive whole and in order, with heartbeats between", async () => {
    const server = createHttpServer({ host: "127.0.0.1", port: 0 });
    const frames = Array.from({ length: 200 }, (_, index) => ({
      event: "tick",
      id: String(index),
      data: `wörld ✓\n${index}`,
    }));
    server.route({
      method: "GET",
      path: "/events",
      handler: () =>
        takeOver((response) => {
          const writer = openStream(response, { "content-type": "text/event-stream" });
          for (const frame of frames) {
            writer.send(encodeEvent(frame));
            writer.send(eventHeartbeat);
          }
          writer.close();
        }),
    });
    const { url } = await server.listen();
    const client = createHttpClient();
    const decoder = new EventDecoder();
    const found: ServerEvent[] = [];
    let type: unknown;
    await new Promise<string>((resolve) =>
      client.stream(
        { method: "GET", url: `${url}/events` },
        {
          onHead: (_status, headers) => {
            type = headers["content-type"];
          },
          onData: (piece) => found.push(...decoder.push(piece)),
          onEnd: resolve,
        },
      ),
    );
    expect(type).toBe("text/event-stream");
    expect(found).toEqual(frames);
    await client.close();
    await server.close();
  });
});
