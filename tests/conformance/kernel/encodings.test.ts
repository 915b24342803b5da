/** Row 6 of the Mesos checklist, and the operator API in protobuf, decoded by another library from the message definitions. */
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelProcesses } from "./kernel-processes.ts";
import { frameworkInfo, StrictRecords } from "./scheduler-client.ts";

const folder = fileURLToPath(new URL("../../../src/contracts/kernel/proto/", import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_origin, name) => (name.startsWith("google/") ? name : `${folder}${name}`);
root.loadSync(["scheduler.proto", "master.proto"], { keepCase: true });
const typeOf = (name: string): protobuf.Type => root.lookupType(`mesos.v1.${name}`);
const jsonType = "application/json";
const protobufType = "application/x-protobuf";

let kernel: KernelProcesses;
beforeAll(async () => {
  kernel = await KernelProcesses.start();
}, 240_000);
afterAll(() => kernel.close(), 240_000);

const subscribe = { type: "SUBSCRIBE", subscribe: { framework_info: frameworkInfo({ name: "mixed" }) } };

function bytesOf(name: string, message: object): Uint8Array<ArrayBuffer> {
  const type = typeOf(name);
  return new Uint8Array(type.encode(type.fromObject(message)).finish());
}

/** The first records of a stream, and what it says it is. */
async function firstRecords(
  path: string,
  request: {
    readonly body: string | Uint8Array<ArrayBuffer>;
    readonly accept: string;
    readonly type: string;
  },
  count: number,
): Promise<{ readonly type: string | null; readonly records: readonly Buffer[] }> {
  const stop = new AbortController();
  const answer = await fetch(`${kernel.masterUrl}${path}`, {
    method: "POST",
    headers: { "content-type": request.type, accept: request.accept },
    body: request.body,
    signal: stop.signal,
  });
  expect(answer.status).toBe(200);
  const framing = new StrictRecords();
  const records: Buffer[] = [];
  for await (const piece of answer.body ?? []) {
    records.push(...framing.push(Buffer.from(piece)));
    if (records.length >= count) break;
  }
  stop.abort();
  return { type: answer.headers.get("content-type"), records };
}

const decoded = (name: string, record: Buffer | undefined): { [key: string]: unknown } =>
  typeOf(name).toObject(typeOf(name).decode(record ?? Buffer.alloc(0)), { enums: String });

it("mesos.md§8#6 a call in JSON has its events in protobuf when it asks for that, and the other way round", async () => {
  const path = "/api/v1/scheduler";
  const asJson = { body: JSON.stringify(subscribe), type: jsonType, accept: protobufType };
  const inProtobuf = await firstRecords(path, asJson, 2);
  expect(inProtobuf.type).toBe(protobufType);
  expect(decoded("scheduler.Event", inProtobuf.records[0])).toMatchObject({
    type: "SUBSCRIBED",
    subscribed: { heartbeat_interval_seconds: 15 },
  });
  expect(decoded("scheduler.Event", inProtobuf.records[1])).toEqual({ type: "HEARTBEAT" });

  const asProtobuf = { body: bytesOf("scheduler.Call", subscribe), type: protobufType, accept: jsonType };
  const inJson = await firstRecords(path, asProtobuf, 2);
  expect(inJson.type).toBe(jsonType);
  expect(inJson.records.map((record) => JSON.parse(record.toString()).type)).toEqual([
    "SUBSCRIBED",
    "HEARTBEAT",
  ]);
});

it("operators are answered, and told what happens, in protobuf", async () => {
  const ask = async (type: string): Promise<{ [key: string]: unknown }> => {
    const answer = await fetch(`${kernel.masterUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": protobufType, accept: protobufType },
      body: bytesOf("master.Call", { type }),
    });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, protobufType]);
    return decoded("master.Response", Buffer.from(await answer.arrayBuffer()));
  };
  expect(await ask("GET_HEALTH")).toMatchObject({ type: "GET_HEALTH", get_health: { healthy: true } });
  for (const type of [
    "GET_VERSION",
    "GET_METRICS",
    "GET_MASTER",
    "GET_STATE",
    "GET_AGENTS",
    "GET_FRAMEWORKS",
  ])
    expect(await ask(type)).toMatchObject({ type, [type.toLowerCase()]: expect.anything() });
  const { records } = await firstRecords(
    "/api/v1",
    { body: bytesOf("master.Call", { type: "SUBSCRIBE" }), type: protobufType, accept: protobufType },
    2,
  );
  expect(decoded("master.Event", records[0])).toMatchObject({ type: "SUBSCRIBED" });
});
