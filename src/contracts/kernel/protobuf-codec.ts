/**
 * Protobuf of the Mesos v1 messages, to and from the same objects as their JSON.
 *
 * What is read goes through the JSON codec's checks, so that both encodings fill in the same defaults and refuse the same
 * messages with the same paths. Unknown fields are skipped and unknown enum values left unset, as proto2 has it. 64-bit
 * integers are exact to 2^53 (ADR 2). Source: contract mesos.md Appendix A.
 */
import { Reader, util, Writer } from "protobufjs/minimal.js";
import { decodeMessage, type FieldDescriptor, MessageInvalid } from "./json-codec.ts";
import { enumValues, type MessageTypes, messageFields } from "./messages.gen.ts";

/** Messages within messages; deeper ones are refused. */
const depthMax = 64;

const wireVarint = 0;
const wireFixed64 = 1;
const wireBytes = 2;

type Fields = ReadonlyMap<number, FieldDescriptor>;
type Plain = Record<string, unknown>;

const tables = messageFields as { readonly [name: string]: readonly FieldDescriptor[] };
const byNumber = new Map<string, Fields>();
const enumNames = new Map<string, ReadonlyMap<number, string>>();

/** Reads a message. Throws `MessageInvalid` for bytes that are no such message. */
export function decodeProtobuf<Name extends keyof MessageTypes>(
  name: Name,
  bytes: Uint8Array,
): MessageTypes[Name] {
  let plain: Plain;
  try {
    const reader = Reader.create(bytes);
    plain = readMessage(name, reader, reader.len, 0);
  } catch (error) {
    if (error instanceof MessageInvalid) throw error;
    // The reader throws RangeError past the end, and Error for wire types there are none of.
    throw new MessageInvalid("", `not a protobuf message: ${error instanceof Error ? error.message : ""}`);
  }
  return decodeMessage(name, plain);
}

export function encodeProtobuf<Name extends keyof MessageTypes>(
  name: Name,
  message: MessageTypes[Name],
): Uint8Array {
  const writer = Writer.create();
  // Every message is a record of the fields that its table names.
  writeMessage(name, message as unknown as Plain, writer);
  return writer.finish();
}

/** A message with its length before it, as it stands after the tag of a field. */
export function encodeDelimited<Name extends keyof MessageTypes>(
  name: Name,
  message: MessageTypes[Name],
): Uint8Array {
  const writer = Writer.create().fork();
  writeMessage(name, message as unknown as Plain, writer);
  return writer.ldelim().finish();
}

/** The tag of a field that is a message or several. */
export function messageTag<Name extends keyof MessageTypes>(
  name: Name,
  field: keyof MessageTypes[Name] & string,
): number {
  const descriptor = tables[name]?.find((each) => each.name === field);
  if (descriptor?.kind !== "message") throw new Error(`${name} has no message ${field}`);
  return (descriptor.number << 3) | wireBytes;
}

/** What stands before a message of so many bytes. */
export const messageHead = (tag: number, length: number): Uint8Array =>
  Writer.create().uint32(tag).uint32(length).finish();

function readMessage(name: string, reader: Reader, end: number, depth: number): Plain {
  if (depth > depthMax) throw new MessageInvalid("", `messages are nested more than ${depthMax} deep`);
  const fields = fieldsOf(name);
  const message: Plain = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = fields.get(tag >>> 3);
    const wire = tag & 7;
    if (field === undefined) reader.skipType(wire);
    else readField(message, field, { reader, wire, depth });
  }
  if (reader.pos !== end) throw new MessageInvalid("", `a ${name} is cut off`);
  return message;
}

interface Place {
  readonly reader: Reader;
  readonly wire: number;
  readonly depth: number;
}

function readField(message: Plain, field: FieldDescriptor, place: Place): void {
  const { name, label } = field;
  if (label === "map") {
    message[name] = { ...(message[name] as Plain | undefined), ...readEntry(field, place) };
    return;
  }
  if (label !== "repeated") {
    const value = readValue(field, place);
    if (value === undefined) return;
    // A message given in parts is one message.
    message[name] =
      field.kind === "message" && message[name] !== undefined
        ? { ...(message[name] as Plain), ...(value as Plain) }
        : value;
    return;
  }
  const items = (message[name] as unknown[] | undefined) ?? [];
  message[name] = items;
  const isPacked = place.wire === wireBytes && wireOf(field) !== wireBytes;
  if (!isPacked) {
    const value = readValue(field, place);
    if (value !== undefined) items.push(value);
    return;
  }
  const { reader } = place;
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) {
    const value = readValue(field, { ...place, wire: wireOf(field) });
    if (value !== undefined) items.push(value);
  }
}

/** A map is a repeated message of key 1 and value 2. */
function readEntry(field: FieldDescriptor, { reader, depth }: Place): Plain {
  const end = reader.uint32() + reader.pos;
  let key = "";
  let value: unknown;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const wire = tag & 7;
    if (tag >>> 3 === 1 && wire === wireBytes) key = reader.string();
    else if (tag >>> 3 === 2) value = readValue(field, { reader, wire, depth });
    else reader.skipType(wire);
  }
  return Object.fromEntries([[key, value]]);
}

function readValue(field: FieldDescriptor, { reader, wire, depth }: Place): unknown {
  if (wire !== wireOf(field)) {
    throw new MessageInvalid(field.name, `encoded as wire type ${wire}, not ${wireOf(field)}`);
  }
  switch (field.kind) {
    case "string":
      return reader.string();
    case "bytes": {
      const bytes = reader.bytes();
      return util.base64.encode(bytes, 0, bytes.length);
    }
    case "bool":
      return reader.bool();
    case "double":
      return reader.double();
    case "int":
      return numberOf(reader.int64());
    case "uint":
      return numberOf(reader.uint64());
    case "enum":
      return namesOf(field.type ?? "").get(reader.int32());
    case "message": {
      const length = reader.uint32();
      return readMessage(field.type ?? "", reader, reader.pos + length, depth + 1);
    }
  }
}

function writeMessage(name: string, message: Plain, writer: Writer): void {
  for (const field of tables[name] ?? []) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (field.label === "repeated") {
      for (const item of value as readonly unknown[]) writeValue(field, item, writer);
    } else if (field.label === "map") {
      for (const [key, item] of Object.entries(value)) {
        writer.uint32((field.number << 3) | wireBytes).fork();
        writer.uint32((1 << 3) | wireBytes).string(key);
        writeValue({ ...field, number: 2 }, item, writer);
        writer.ldelim();
      }
    } else writeValue(field, value, writer);
  }
}

function writeValue(field: FieldDescriptor, value: unknown, writer: Writer): void {
  const number = field.kind === "enum" ? enumValues[field.type ?? ""]?.[String(value)] : undefined;
  // A value that only a newer build knows has no number here.
  if (field.kind === "enum" && number === undefined) return;
  writer.uint32((field.number << 3) | wireOf(field));
  switch (field.kind) {
    case "string":
      writer.string(String(value));
      return;
    case "bytes":
      writer.bytes(String(value));
      return;
    case "bool":
      writer.bool(value === true);
      return;
    case "double":
      writer.double(Number(value));
      return;
    case "int":
      writer.int64(Number(value));
      return;
    case "uint":
      writer.uint64(Number(value));
      return;
    case "enum":
      writer.int32(number ?? 0);
      return;
    case "message":
      writer.fork();
      writeMessage(field.type ?? "", value as Plain, writer);
      writer.ldelim();
  }
}

function wireOf({ kind }: FieldDescriptor): number {
  if (kind === "double") return wireFixed64;
  return kind === "string" || kind === "bytes" || kind === "message" ? wireBytes : wireVarint;
}

/** The reader answers a number, or an object that prints as one where a library for long integers is installed. */
const numberOf = (value: number | object): number =>
  typeof value === "number" ? value : Number(String(value));

function fieldsOf(name: string): Fields {
  let fields = byNumber.get(name);
  if (fields === undefined) {
    fields = new Map((tables[name] ?? []).map((field) => [field.number, field]));
    byNumber.set(name, fields);
  }
  return fields;
}

function namesOf(name: string): ReadonlyMap<number, string> {
  let names = enumNames.get(name);
  if (names === undefined) {
    names = new Map(Object.entries(enumValues[name] ?? {}).map(([text, number]) => [number, text]));
    enumNames.set(name, names);
  }
  return names;
}
