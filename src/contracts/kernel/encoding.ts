/** The two encodings of the v1 APIs, by media type. JSON is preferred where both are accepted. Source: contract mesos.md 0.3. */
import { decodeMessage, messageJson } from "./json-codec.ts";
import type { MessageTypes } from "./messages.gen.ts";
import { decodeProtobuf, encodeProtobuf } from "./protobuf-codec.ts";

export type MessageEncoding = "json" | "protobuf";

export const mediaTypes: Readonly<Record<MessageEncoding, string>> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};

/** The encoding that a Content-Type names, parameters aside. */
export function encodingOf(contentType: string): MessageEncoding | undefined {
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  if (type === mediaTypes.json) return "json";
  return type === mediaTypes.protobuf ? "protobuf" : undefined;
}

/** The encoding that an Accept header takes; undefined when it takes neither. */
export function acceptedEncoding(accept: string | undefined): MessageEncoding | undefined {
  if (accept === undefined) return "json";
  const ranges = accept.split(",").map((range) => range.split(";")[0]?.trim().toLowerCase());
  const takes = (type: string): boolean =>
    ranges.some((range) => range === type || range === "*/*" || range === "application/*");
  if (takes(mediaTypes.json)) return "json";
  return takes(mediaTypes.protobuf) ? "protobuf" : undefined;
}

/** A message of either encoding; JSON is parsed by the caller's bounded parser. Throws `MessageInvalid`. */
export function readMessage<Name extends keyof MessageTypes>(
  name: Name,
  body: { readonly encoding: MessageEncoding; readonly bytes: Uint8Array; readonly parse: () => unknown },
): MessageTypes[Name] {
  return body.encoding === "json" ? decodeMessage(name, body.parse()) : decodeProtobuf(name, body.bytes);
}

export function writeMessage<Name extends keyof MessageTypes>(
  name: Name,
  message: MessageTypes[Name],
  encoding: MessageEncoding,
): string | Uint8Array {
  return encoding === "json" ? asciiJson(message) : encodeProtobuf(name, message);
}

/** One line of ASCII: there are clients that count characters where bytes are meant. */
export const asciiJson = (value: unknown): string => asciiText(messageJson(value));

/** JSON with every character that is not ASCII escaped. */
export const asciiText = (json: string): string =>
  json.replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
