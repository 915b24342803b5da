/** A way to a registry on which large blobs stop halfway until the test lets them through. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Layer } from "./registry.ts";

const heldBytesMin = 1_048_576;
const indexType = "application/vnd.oci.image.index.v1+json";
/** Of a path: `many` is a list of images for several machines, of which this one's is tagged `1`. */
const listed = /^\/v2\/(.+)\/manifests\/many$/;

/** Of 6 to 8 MiB, however it is packed. */
export const largeLayer = (): Layer => ({ "data/large": randomBytes(6_291_456).toString("base64") });

export class HeldRegistry {
  readonly #registry: string;
  readonly #server = createServer((asked, answer) => {
    this.#pass(asked, answer).catch((error: unknown) => answer.destroy(error as Error));
  });
  readonly #released = Promise.withResolvers<void>();

  private constructor(registry: string) {
    this.#registry = registry;
  }

  /** In front of the registry at `host:port`. */
  static async start(registry: string): Promise<HeldRegistry> {
    const held = new HeldRegistry(registry);
    await once(held.#server.listen(0, "127.0.0.1"), "listening");
    return held;
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  release(): void {
    this.#released.resolve();
  }

  close(): void {
    this.release();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const name = listed.exec(asked.url ?? "")?.[1];
    if (name !== undefined) {
      answer.writeHead(200, { "content-type": indexType }).end(await this.#list(name));
      return;
    }
    const headers = { ...asked.headers, host: this.#registry };
    const forwarded = request(`http://${this.#registry}${asked.url}`, { method: asked.method, headers });
    asked.pipe(forwarded);
    const [found] = (await once(forwarded, "response")) as [IncomingMessage];
    const size = Number(found.headers["content-length"] ?? 0);
    answer.writeHead(found.statusCode ?? 502, found.headers);
    if (asked.method !== "GET" || size < heldBytesMin) {
      found.pipe(answer);
      return;
    }
    let passed = 0;
    for await (const chunk of found as AsyncIterable<Buffer>) {
      passed += chunk.length;
      if (passed > size / 2) await this.#released.promise;
      answer.write(chunk);
    }
    answer.end();
  }

  async #list(name: string): Promise<string> {
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const found = await fetch(`http://${this.#registry}/v2/${name}/manifests/1`, {
      headers: { accept: mediaType },
    });
    const own = { mediaType, size: (await found.text()).length };
    const digest = found.headers.get("docker-content-digest");
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    return JSON.stringify({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [
        { ...own, digest: `sha256:${"0".repeat(64)}`, platform: { os: "linux", architecture: "s390x" } },
        { ...own, digest, platform: { os: "linux", architecture } },
      ],
    });
  }
}
