import { describe, expect, it } from "vitest";
import { type CallHeaders, headProblem, readHead } from "./call-head.ts";

const headers = (given: Partial<CallHeaders>): CallHeaders => ({
  contentType: "application/json",
  messageContentType: undefined,
  accept: undefined,
  messageAccept: undefined,
  ...given,
});
const recordio = "application/recordio";

describe("the headers of an agent's call", () => {
  it.each([
    ["no type", { contentType: undefined }, 400],
    ["a type of somebody else", { contentType: "text/html" }, 415],
    ["records without a type of their messages", { contentType: recordio }, 400],
    ["records of somebody else's messages", { contentType: recordio, messageContentType: "text/html" }, 415],
    ["a type of messages where there are no records", { messageContentType: "application/json" }, 415],
    ["an answer that nobody makes", { accept: "text/html" }, 406],
    ["records of messages that nobody makes", { accept: recordio, messageAccept: "text/html" }, 406],
    ["a wish for messages without records", { messageAccept: "application/json" }, 406],
  ] as const)("%s is refused", (_name, given, status) => {
    expect(readHead(headers(given))).toMatchObject({ kind: "refused", status });
  });

  it.each([
    [
      "nothing wished",
      {},
      { encoding: "json", answerEncoding: "json", isStreamIn: false, isStreamOut: false },
    ],
    [
      "JSON before records and protobuf",
      { accept: `${recordio}, application/x-protobuf, application/json` },
      { answerEncoding: "json", isStreamOut: false },
    ],
    [
      "records when nothing else is taken",
      { accept: recordio, messageAccept: "application/x-protobuf" },
      { answerEncoding: "protobuf", isStreamOut: true },
    ],
    [
      "records in",
      { contentType: `${recordio}; q=1`, messageContentType: "application/x-protobuf" },
      { encoding: "protobuf", isStreamIn: true },
    ],
  ] as const)("%s", (_name, given, expected) => {
    expect(readHead(headers(given))).toMatchObject({ kind: "taken", ...expected });
  });

  it("go with the call or not", () => {
    const plain = { kind: "taken", encoding: "json", answerEncoding: "json" } as const;
    const none = { ...plain, isStreamIn: false, isStreamOut: false };
    const streamIn = { ...plain, isStreamIn: true, isStreamOut: false };
    const streamOut = { ...plain, isStreamIn: false, isStreamOut: true };
    expect(headProblem("GET_STATE", none)).toBeUndefined();
    expect(headProblem("ATTACH_CONTAINER_INPUT", none)?.status).toBe(415);
    expect(headProblem("ATTACH_CONTAINER_INPUT", streamIn)).toBeUndefined();
    expect(headProblem("GET_STATE", streamIn)?.status).toBe(415);
    expect(headProblem("GET_STATE", streamOut)?.status).toBe(406);
    expect(headProblem("ATTACH_CONTAINER_OUTPUT", streamOut)).toBeUndefined();
    expect(headProblem("LAUNCH_NESTED_CONTAINER_SESSION", none)).toBeUndefined();
  });
});
