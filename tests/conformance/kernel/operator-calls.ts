/** The v1 operator API as an operator's own program calls it: JSON in, JSON or protobuf out. */
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import type { MasterResponse, MasterResponseGetAgentsAgent } from "#contracts/kernel/messages.gen.ts";
import { postJson, type Reply } from "./scheduler-client.ts";

const folder = fileURLToPath(new URL("../../../src/contracts/kernel/proto/", import.meta.url));
let root: protobuf.Root | undefined;

/** Loaded when the first answer in protobuf is read, by another library than the product's. */
function typeOf(name: string): protobuf.Type {
  if (root === undefined) {
    root = new protobuf.Root();
    root.resolvePath = (_origin, file) => (file.startsWith("google/") ? file : `${folder}${file}`);
    root.loadSync(["master.proto"], { keepCase: true });
  }
  return root.lookupType(`mesos.v1.${name}`);
}

export class OperatorCalls {
  readonly #url: string;

  constructor(masterUrl: string) {
    this.#url = `${masterUrl}/api/v1`;
  }

  /** `DRAIN_AGENT` and its body. */
  call(type: string, body?: object): Promise<Reply> {
    return postJson(this.#url, { type, ...(body === undefined ? {} : { [type.toLowerCase()]: body }) });
  }

  /** A call about one agent, in protobuf. */
  async callProtobuf(
    type: string,
    body: object,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const message = typeOf("master.Call");
    const answer = await fetch(this.#url, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: new Uint8Array(message.encode(message.fromObject({ type, [type.toLowerCase()]: body })).finish()),
    });
    return { status: answer.status, text: await answer.text() };
  }

  async read(type: string): Promise<MasterResponse> {
    const { status, text } = await this.call(type);
    if (status !== 200) throw new Error(`${type} was answered with ${status}: ${text}`);
    return JSON.parse(text) as MasterResponse;
  }

  async readProtobuf(type: string): Promise<{ readonly [name: string]: unknown }> {
    const answer = await fetch(this.#url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/x-protobuf" },
      body: JSON.stringify({ type }),
    });
    const message = typeOf("master.Response");
    const decoded = message.decode(new Uint8Array(await answer.arrayBuffer()));
    return message.toObject(decoded, { enums: String, longs: Number });
  }

  async agent(agentId: string): Promise<MasterResponseGetAgentsAgent | undefined> {
    const { get_agents: answer } = await this.read("GET_AGENTS");
    return answer?.agents?.find(({ agent_info: info }) => info.id?.value === agentId);
  }
}
