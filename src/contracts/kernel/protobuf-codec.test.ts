import { fileURLToPath } from "node:url";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { type FieldDescriptor, MessageInvalid } from "./json-codec.ts";
import { enumValues, type MessageTypes, messageFields } from "./messages.gen.ts";
import { decodeProtobuf, encodeProtobuf } from "./protobuf-codec.ts";

/** The same definitions, read by somebody else's code. */
function stranger(): protobuf.Root {
  const root = new protobuf.Root();
  const folder = fileURLToPath(new URL("proto/", import.meta.url));
  root.resolvePath = (_origin, name) => (name.startsWith("google/") ? name : `${folder}${name}`);
  root.loadSync(
    ["common", "scheduler", "master", "agent", "executor", "quota", "maintenance"].map(
      (name) => `${name}.proto`,
    ),
    {
      keepCase: true,
    },
  );
  return root;
}
const root = stranger();
const call = root.lookupType("mesos.v1.scheduler.Call");
const asJson = { enums: String, bytes: String, longs: Number } as const;

const accept: MessageTypes["SchedulerCall"] = {
  type: "ACCEPT",
  framework_id: { value: "f-0001" },
  accept: {
    offer_ids: [{ value: "o1" }, { value: "o2" }],
    operations: [
      {
        type: "LAUNCH",
        launch: {
          task_infos: [
            {
              name: "näme 名",
              task_id: { value: "t" },
              agent_id: { value: "a" },
              resources: [
                { name: "cpus", type: "SCALAR", scalar: { value: 0.1 } },
                { name: "ports", type: "RANGES", ranges: { range: [{ begin: 31_000, end: 32_000 }] } },
              ],
              command: {
                value: "true",
                shell: true,
                environment: { variables: [{ name: "A", value: "b", type: "VALUE" }] },
              },
              data: "AAEC/w==",
              limits: { mem: { value: Number.POSITIVE_INFINITY } },
            },
          ],
        },
      },
    ],
    filters: { refuse_seconds: 5 },
  },
};

describe("protobuf", () => {
  it("is read by others as it was written, and they are read", () => {
    const bytes = encodeProtobuf("SchedulerCall", accept);
    const theirs = call.toObject(call.decode(bytes), asJson);
    expect(theirs["accept"].operations[0].launch.task_infos[0]).toMatchObject({
      name: "näme 名",
      data: "AAEC/w==",
      resources: [{ scalar: { value: 0.1 } }, { ranges: { range: [{ begin: 31_000, end: 32_000 }] } }],
    });
    const back = call.encode(call.fromObject(theirs)).finish();
    expect(decodeProtobuf("SchedulerCall", back)).toEqual(decodeProtobuf("SchedulerCall", bytes));
    expect(decodeProtobuf("SchedulerCall", bytes)).toMatchObject(accept);
  });

  it("fills in the defaults that JSON has too", () => {
    const bytes = encodeProtobuf("SchedulerCall", {
      type: "DECLINE",
      decline: { offer_ids: [], filters: {} },
    });
    expect(decodeProtobuf("SchedulerCall", bytes).decline?.filters?.refuse_seconds).toBe(5);
  });

  it("keeps whole numbers of 53 bits, negative ones too", () => {
    for (const exit_status of [0, -1, 9 << 8]) {
      const bytes = encodeProtobuf("AgentResponseWaitContainer", { exit_status });
      expect(decodeProtobuf("AgentResponseWaitContainer", bytes)).toMatchObject({ exit_status });
    }
    const stats = encodeProtobuf("ResourceStatistics", { timestamp: 1.5, mem_total_bytes: 2 ** 53 - 1 });
    expect(decodeProtobuf("ResourceStatistics", stats).mem_total_bytes).toBe(2 ** 53 - 1);
  });

  it("skips what it does not know, and leaves an unknown value of an optional enum unset", () => {
    const unknownField = Uint8Array.of(0xfa, 0x07, 0x02, 0x41, 0x42);
    const unknownType = Uint8Array.of(0x10, 0x7f);
    expect(decodeProtobuf("SchedulerCall", Uint8Array.of(...unknownField, ...unknownType))).toEqual({});
  });

  it.each([
    ["a length past the end", Uint8Array.of(0x0a, 0x7f, 0x0a)],
    ["a group that never ends", Uint8Array.of(0x0b)],
    ["a varint that never ends", new Uint8Array(20).fill(0xff)],
    ["a string where a message is meant", Uint8Array.of(0x0a, 0x02, 0x0a, 0x05)],
    ["another wire type", Uint8Array.of(0x08, 0x01)],
    ["a required field missing", Uint8Array.of(0x0a, 0x00)],
  ])("refuses %s", (_what, bytes) => {
    expect(() => decodeProtobuf("SchedulerCall", bytes)).toThrow(MessageInvalid);
  });

  it("never does anything but read or refuse", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeProtobuf("SchedulerCall", bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageInvalid);
        }
      }),
    );
  });

  const names = Object.keys(messageFields) as (keyof MessageTypes)[];
  it.each(names)("%s comes back as it was written", (name) => {
    fc.assert(
      fc.property(messageOf(name, 3), (message) => {
        const bytes = encodeProtobuf(name, message as never);
        // Defaults of what was left out are filled in on both sides.
        const once = decodeProtobuf(name, bytes);
        expect(once).toMatchObject(message as object);
        expect(decodeProtobuf(name, encodeProtobuf(name, once))).toEqual(once);
      }),
      { numRuns: 10 },
    );
  });
});

function messageOf(name: string, depth: number): fc.Arbitrary<unknown> {
  const fields = (messageFields as { readonly [name: string]: readonly FieldDescriptor[] })[name] ?? [];
  const shown = fields.filter(({ label, kind }) => label === "required" || depth > 0 || kind !== "message");
  const required = shown.filter(({ label }) => label === "required").map(({ name: field }) => field);
  const shape = Object.fromEntries(shown.map((field) => [field.name, contentOf(field, depth)]));
  return fc.record(shape, { requiredKeys: required }).map((message) => JSON.parse(JSON.stringify(message)));
}

function contentOf(field: FieldDescriptor, depth: number): fc.Arbitrary<unknown> {
  const one = singleOf(field, depth);
  if (field.label === "repeated") return fc.array(one, { minLength: 1, maxLength: 2 });
  if (field.label === "map")
    return fc.dictionary(
      fc.string({ maxLength: 5 }).filter((key) => key !== "__proto__"),
      one,
      { minKeys: 1, maxKeys: 2 },
    );
  return one;
}

function singleOf({ kind, type = "" }: FieldDescriptor, depth: number): fc.Arbitrary<unknown> {
  switch (kind) {
    case "string":
      return fc.string({ unit: "grapheme", maxLength: 10 });
    case "bytes":
      return fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.from(bytes).toString("base64"));
    case "bool":
      return fc.boolean();
    case "double":
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    case "int":
      return fc.integer();
    case "uint":
      return fc.nat();
    case "enum":
      return fc.constantFrom(...Object.keys(enumValues[type] ?? {}));
    case "message":
      return messageOf(type, depth - 1);
  }
}
