/**
 * JSON of the Mesos v1 messages, in the lenient way that Mesos reads it.
 *
 * Inside Keelson a message is the same object as its JSON: snake_case names, enums as strings, bytes as
 * base64, with declared defaults filled in. Decoding drops unknown fields, takes numbers and booleans given
 * as text, takes `"Infinity"` for doubles, and treats an unknown enum name as unset where the field is
 * optional. Source: Mesos' JSON mapping of protobuf messages (contract mesos.md section 0.2).
 */
import { enumValues, type MessageTypes, messageFields } from "./messages.gen.ts";

export interface FieldDescriptor {
  readonly name: string;
  /** On the wire of protobuf. */
  readonly number: number;
  readonly label: "required" | "optional" | "repeated" | "map";
  readonly kind: "string" | "bytes" | "bool" | "double" | "int" | "uint" | "enum" | "message";
  /** Name of the message or enum. */
  readonly type?: string;
  readonly default?: string | number | boolean;
}

export type EnumValues = { readonly [name: string]: number };

/** The message is not what its definition says; `path` names the field, such as `accept.offer_ids[0].value`. */
export class MessageInvalid extends Error {
  override readonly name = "MessageInvalid";
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path === "" ? "message" : path}: ${problem}`);
    this.path = path;
  }
}

/** Checks and completes a value parsed from JSON. Throws `MessageInvalid`. */
export function decodeMessage<Name extends keyof MessageTypes>(
  name: Name,
  value: unknown,
): MessageTypes[Name] {
  // The table below and the type come from the same definition.
  return decodeFields(name, value, "") as unknown as MessageTypes[Name];
}

/** The JSON of a message. JSON has no infinity, which a limit may be: it is written as a text, and read as one. */
export function messageJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Messages have no null of their own; looking at every value costs several times what writing them does.
  return text.includes(":null") ? JSON.stringify(value, infinityByName) : text;
}

const infinityByName = (_name: string, value: unknown): unknown =>
  value === Number.POSITIVE_INFINITY ? "Infinity" : value === Number.NEGATIVE_INFINITY ? "-Infinity" : value;

function decodeFields(name: string, value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MessageInvalid(path, `expected an object, got ${describe(value)}`);
  }
  const fields = (messageFields as { readonly [name: string]: readonly FieldDescriptor[] })[name];
  if (fields === undefined) throw new MessageInvalid(path, `no message is called ${name}`);
  const source = value as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const field of fields) {
    const given = Object.hasOwn(source, field.name) ? source[field.name] : undefined;
    const at = path === "" ? field.name : `${path}.${field.name}`;
    const decoded = given === undefined || given === null ? field.default : decodeField(field, given, at);
    if (decoded !== undefined) result[field.name] = decoded;
    else if (field.label === "required") throw new MessageInvalid(at, "required, but not given");
  }
  return result;
}

function decodeField(field: FieldDescriptor, value: unknown, path: string): unknown {
  switch (field.label) {
    case "required":
    case "optional":
      return decodeSingle(field, value, path);
    case "repeated": {
      if (!Array.isArray(value)) throw new MessageInvalid(path, `expected an array, got ${describe(value)}`);
      const items: unknown[] = [];
      for (const [index, item] of value.entries()) {
        const decoded = decodeSingle(field, item, `${path}[${index}]`);
        if (decoded !== undefined) items.push(decoded);
      }
      return items.length === 0 ? undefined : items;
    }
    case "map": {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new MessageInvalid(path, `expected an object, got ${describe(value)}`);
      }
      // Entries are defined, not assigned: a key called __proto__ is data like any other.
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, decodeSingle(field, item, `${path}.${key}`)]),
      );
    }
  }
}

function decodeSingle(field: FieldDescriptor, value: unknown, path: string): unknown {
  switch (field.kind) {
    case "string":
      if (typeof value === "string") return value;
      throw new MessageInvalid(path, `expected a string, got ${describe(value)}`);
    case "bytes":
      if (typeof value === "string" && isBase64(value)) return value;
      throw new MessageInvalid(path, `expected base64 text, got ${describe(value)}`);
    case "bool":
      if (typeof value === "boolean") return value;
      if (value === "true" || value === "false") return value === "true";
      throw new MessageInvalid(path, `expected true or false, got ${describe(value)}`);
    case "double":
      return decodeDouble(value, path);
    case "int":
    case "uint":
      return decodeInteger(field.kind, value, path);
    case "enum":
      return decodeEnum(field, value, path);
    case "message":
      return decodeFields(field.type ?? "", value, path);
  }
}

function decodeDouble(value: unknown, path: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value.trim() !== "") {
    const parsed = Number(value);
    if (!Number.isNaN(parsed)) return parsed;
  }
  throw new MessageInvalid(path, `expected a number, got ${describe(value)}`);
}

function decodeInteger(kind: "int" | "uint", value: unknown, path: string): number {
  const parsed = decodeDouble(value, path);
  if (!Number.isInteger(parsed))
    throw new MessageInvalid(path, `expected a whole number, got ${describe(value)}`);
  if (kind === "uint" && parsed < 0)
    throw new MessageInvalid(path, `expected 0 or more, got ${describe(value)}`);
  return parsed;
}

function decodeEnum(field: FieldDescriptor, value: unknown, path: string): string | undefined {
  const values = enumValues[field.type ?? ""];
  if (typeof value === "string") {
    if (values !== undefined && Object.hasOwn(values, value)) return value;
    // A newer peer may know more names than we do.
    if (field.label !== "required") return undefined;
  }
  throw new MessageInvalid(
    path,
    `expected one of ${Object.keys(values ?? {}).join(", ")}, got ${describe(value)}`,
  );
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
