/**
 * Asks a volume plugin for one thing, within bounds of time and size: JSON over HTTP.
 * Source: Docker, plugin API and volume plugin protocol (Plugin.Activate, VolumeDriver.*).
 */
import { request } from "node:http";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { PluginAddress } from "./plugin-address.ts";

/** The message is fit for a task's status. */
export class VolumePluginError extends Error {
  override readonly name = "VolumePluginError";
  /** It answered, and said no. Otherwise nobody knows what it did. */
  readonly isRefusal: boolean;
  constructor(message: string, { isRefusal = false }: { readonly isRefusal?: boolean } = {}) {
    super(message);
    this.isRefusal = isRefusal;
  }
}

type Method =
  | "Plugin.Activate"
  | "VolumeDriver.Get"
  | "VolumeDriver.Create"
  | "VolumeDriver.Mount"
  | "VolumeDriver.Path"
  | "VolumeDriver.Unmount";

/** Those that move data or machines may take longest. Source: Docker's own bounds. */
const shortMs = 30_000;
const longMs = 120_000;
const answerBytesMax = 1_048_576;
/** Of what a plugin says went wrong. */
const errorLengthMax = 1_000;
const mediaType = "application/vnd.docker.plugins.v1.2+json";

export class VolumePlugin {
  readonly #name: string;
  readonly #address: PluginAddress;

  constructor(name: string, address: PluginAddress) {
    this.#name = name;
    this.#address = address;
  }

  /** It is one of volumes. Throws `VolumePluginError`. */
  async activate(): Promise<void> {
    const { Implements: parts } = await this.#call("Plugin.Activate", {}, shortMs);
    if (!Array.isArray(parts) || !parts.includes("VolumeDriver"))
      throw new VolumePluginError(
        `plugin ${this.#name} has no volumes: it implements ${JSON.stringify(parts ?? [])}`,
        {
          isRefusal: true,
        },
      );
  }

  /** Has it made unless it is there. Answers whether it was made. Throws `VolumePluginError`. */
  async ensure(name: string, options: Readonly<Record<string, string>>): Promise<boolean> {
    const found = await this.#call("VolumeDriver.Get", { Name: name }, shortMs).catch(
      (error: unknown): JsonObject => {
        // What it doesn't know, or doesn't tell: an older plugin has no such call.
        if (error instanceof VolumePluginError && error.isRefusal) return {};
        throw error;
      },
    );
    if (isJsonObject(found["Volume"])) return false;
    await this.#call("VolumeDriver.Create", { Name: name, Opts: { ...options } }, longMs);
    return true;
  }

  /** Answers where it is. Throws `VolumePluginError`. */
  async mount(name: string, mountId: string): Promise<string> {
    const mounted = await this.#call("VolumeDriver.Mount", { Name: name, ID: mountId }, longMs);
    const told =
      mounted["Mountpoint"] ?? (await this.#call("VolumeDriver.Path", { Name: name }, shortMs))["Mountpoint"];
    if (typeof told === "string" && told.startsWith("/") && told !== "/" && !/[\0\n]/.test(told)) return told;
    throw new VolumePluginError(`plugin ${this.#name}: VolumeDriver.Mount told no absolute Mountpoint`, {
      isRefusal: true,
    });
  }

  /** Throws `VolumePluginError`. */
  async unmount(name: string, mountId: string): Promise<void> {
    await this.#call("VolumeDriver.Unmount", { Name: name, ID: mountId }, longMs);
  }

  async #call(method: Method, body: JsonObject, timeoutMs: number): Promise<JsonObject> {
    const { status, text } = await this.#post(method, JSON.stringify(body), timeoutMs).catch(
      (error: unknown) => {
        const cause = error instanceof Error ? error.message : String(error);
        throw new VolumePluginError(`plugin ${this.#name} did not answer ${method}: ${cause}`);
      },
    );
    const answer = parseObject(text);
    const said = answer?.["Err"];
    if (status === 200 && answer !== undefined && (said === undefined || said === null || said === ""))
      return answer;
    const reason = typeof said === "string" && said !== "" ? said : text.trim() || `status ${status}`;
    throw new VolumePluginError(`plugin ${this.#name}, ${method}: ${reason.slice(0, errorLengthMax)}`, {
      isRefusal: true,
    });
  }

  #post(
    method: Method,
    body: string,
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const at = this.#address;
    return new Promise((resolve, reject) => {
      const asked = request({
        ...(at.kind === "socket"
          ? { socketPath: at.path, host: "localhost" }
          : { host: at.host, port: at.port }),
        method: "POST",
        path: `/${method}`,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: { accept: mediaType, "content-type": mediaType, "content-length": Buffer.byteLength(body) },
      });
      const fail = (error: Error): void =>
        reject(
          ["AbortError", "TimeoutError"].includes(error.name)
            ? new Error(`it took longer than ${timeoutMs / 1000} s`)
            : error,
        );
      asked.on("error", fail);
      asked.on("response", (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on("error", fail);
        answer.on("data", (part: Buffer) => {
          size += part.length;
          if (size > answerBytesMax) answer.destroy(new Error(`it said more than ${answerBytesMax} bytes`));
          else parts.push(part);
        });
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }),
        );
      });
      asked.end(body);
    });
  }
}

function parseObject(text: string): JsonObject | undefined {
  if (text.trim() === "") return {};
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
