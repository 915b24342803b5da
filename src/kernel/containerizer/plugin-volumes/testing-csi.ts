/** A CSI plugin in the test's own process, which notes what it is asked and answers as it is told. */
import { mkdirSync, rmdirSync } from "node:fs";
import { type handleUnaryCall, Server, ServerCredentials, type ServiceError, status } from "@grpc/grpc-js";
import type { MessageTypes } from "#contracts/kernel/messages.gen.ts";
import { decodeProtobuf, encodeProtobuf } from "#contracts/kernel/protobuf-codec.ts";

type Method =
  Extract<keyof MessageTypes, `Csi${string}Request`> extends `Csi${infer Name}Request` ? Name : never;
interface Asked {
  readonly volume_id?: string;
  readonly staging_target_path?: string;
  readonly target_path?: string;
  readonly readonly?: boolean;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly volume_context?: Readonly<Record<string, string>>;
}

export interface FakeCsi {
  /** `Publish data`, in order; what asks only is left out. */
  readonly asked: string[];
  /** What the last call of each said. */
  readonly last: Map<string, Asked>;
  isReady: boolean;
  stages: boolean;
  /** Before it answers; what it throws is its error. */
  before: (method: string, name: string) => Promise<void> | void;
  close(): Promise<void>;
}

const methods: readonly Method[] = [
  "Probe",
  "NodeGetCapabilities",
  "NodeStageVolume",
  "NodeUnstageVolume",
  "NodePublishVolume",
  "NodeUnpublishVolume",
];

export async function startFakeCsi(socket: string): Promise<FakeCsi> {
  const plugin: Omit<FakeCsi, "close"> = {
    asked: [],
    last: new Map(),
    isReady: true,
    stages: true,
    before: () => undefined,
  };
  const server = new Server();
  for (const method of methods) {
    const service = method === "Probe" ? "Identity" : "Node";
    const answering: handleUnaryCall<Asked, object> = ({ request }, answer) => {
      answerTo(plugin, method, request).then(
        (said) => answer(null, said),
        ({ code, message }: ServiceError) => answer({ code, details: message }),
      );
    };
    server.register(
      `/csi.v1.${service}/${method}`,
      answering,
      (value) => Buffer.from(encodeProtobuf(`Csi${method}Response`, value as never)),
      (bytes) => decodeProtobuf(`Csi${method}Request`, bytes),
      "unary",
    );
  }
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    ),
  );
  return Object.assign(plugin, {
    close: async () => server.forceShutdown(),
  });
}

async function answerTo(plugin: Omit<FakeCsi, "close">, method: Method, request: Asked): Promise<object> {
  if (method === "Probe") return { ready: plugin.isReady ? { value: true } : {} };
  if (method === "NodeGetCapabilities")
    return { capabilities: plugin.stages ? [{ rpc: { type: "STAGE_UNSTAGE_VOLUME" } }] : [] };
  const name = request.volume_id ?? "";
  const short = method.replace(/^Node|Volume$/g, "");
  plugin.asked.push(`${short} ${name}${request.readonly === true ? " for readers" : ""}`);
  plugin.last.set(short, request);
  await plugin.before(short, name);
  if (method === "NodePublishVolume") mkdirSync(request.target_path ?? "", { recursive: true });
  if (method === "NodeUnpublishVolume") rmdirSync(request.target_path ?? "");
  return {};
}

export const failing = (code: keyof typeof status, message: string): Error =>
  Object.assign(new Error(message), { code: status[code] });
