/**
 * Asks a CSI plugin for one thing, within bounds of time and size: gRPC on a unix socket.
 * Source: Container Storage Interface, version 1, services Identity and Node.
 */

import type { MessageTypes } from "#contracts/kernel/messages.gen.ts";
import { decodeProtobuf, encodeProtobuf } from "#contracts/kernel/protobuf-codec.ts";
import { VolumePluginError } from "./volume-plugin.ts";

const shortMs = 30_000;
/** Those that move data or machines may take longest. */
const longMs = 120_000;
const messageBytesMax = 1_048_576;
/** Of what a plugin says went wrong. */
const errorLengthMax = 1_000;

const calls = {
  Probe: { service: "Identity", timeoutMs: shortMs },
  NodeGetCapabilities: { service: "Node", timeoutMs: shortMs },
  NodeStageVolume: { service: "Node", timeoutMs: longMs },
  NodeUnstageVolume: { service: "Node", timeoutMs: longMs },
  NodePublishVolume: { service: "Node", timeoutMs: longMs },
  NodeUnpublishVolume: { service: "Node", timeoutMs: longMs },
} as const;
type Method = keyof typeof calls;

/** Nobody knows what it did, or it is still at it. */
const unsettled = new Set(["CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "ABORTED", "UNAVAILABLE"]);

/** Throws `VolumePluginError` with what the plugin said. */
export async function askCsi<Name extends Method>(
  plugin: { readonly name: string; readonly socket: string },
  method: Name,
  message: MessageTypes[`Csi${Name}Request`],
): Promise<MessageTypes[`Csi${Name}Response`]> {
  // Few agents have such a plugin.
  const { Client, credentials, Metadata, status } = await import("@grpc/grpc-js");
  const { service, timeoutMs } = calls[method];
  const client = new Client(`unix://${plugin.socket}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.max_send_message_length": messageBytesMax,
    "grpc.enable_retries": 0,
  });
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        `/csi.v1.${service}/${method}`,
        (value: MessageTypes[`Csi${Name}Request`]) =>
          Buffer.from(encodeProtobuf(`Csi${method}Request`, value)),
        (bytes: Buffer) => decodeProtobuf(`Csi${method}Response`, bytes),
        message,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, answer) => {
          if (error === null && answer !== undefined) return resolve(answer);
          const code = status[error?.code ?? status.UNKNOWN] ?? "UNKNOWN";
          const said = `${(error?.details ?? "").slice(0, errorLengthMax)} (${code})`;
          reject(
            unsettled.has(code)
              ? new VolumePluginError(`plugin ${plugin.name} did not answer ${method}: ${said}`)
              : new VolumePluginError(`plugin ${plugin.name}, ${method}: ${said}`, { isRefusal: true }),
          );
        },
      );
    });
  } finally {
    client.close();
  }
}
