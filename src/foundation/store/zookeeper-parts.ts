/** Values that are larger than one node may be: several nodes, named together by a reference. */
import { partBytesMax, storageFailed } from "./store.ts";
import type { PartsReference, ZooKeeperLayout } from "./zookeeper-layout.ts";
import type { ZooKeeperSession } from "./zookeeper-session.ts";

const attemptsMax = 5;

export class ZooKeeperParts {
  readonly #session: ZooKeeperSession;
  readonly #layout: ZooKeeperLayout;
  readonly #reading: <Result>(read: () => Promise<Result>) => Promise<Result>;

  /** `reading` tries a read again when the connection broke under it. */
  constructor(
    session: ZooKeeperSession,
    layout: ZooKeeperLayout,
    reading: <Result>(read: () => Promise<Result>) => Promise<Result>,
  ) {
    this.#session = session;
    this.#layout = layout;
    this.#reading = reading;
  }

  /** Nothing names them yet: until something does, they are orphans. */
  async write(id: string, text: string): Promise<PartsReference> {
    const bytes = Buffer.from(text);
    const reference = { id, parts: Math.ceil(bytes.length / partBytesMax) };
    for (let part = 0; part < reference.parts; part += 1) {
      const data = bytes.subarray(part * partBytesMax, (part + 1) * partBytesMax);
      await this.#ensure(this.#layout.part(id, part), data);
    }
    return reference;
  }

  /** Undefined when a part is gone. */
  async join(reference: PartsReference): Promise<string | undefined> {
    const buffers: Buffer[] = [];
    for (let part = 0; part < reference.parts; part += 1) {
      const found = await this.#reading(() => this.#session.read(this.#layout.part(reference.id, part)));
      if (found === undefined) return undefined;
      buffers.push(found.data);
    }
    return Buffer.concat(buffers).toString("utf8");
  }

  async remove(reference: PartsReference): Promise<void> {
    for (let part = 0; part < reference.parts; part += 1) {
      await this.#session.remove(this.#layout.part(reference.id, part));
    }
  }

  async #ensure(path: string, data: Buffer): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const answer = await this.#session.create(path, data);
      if (answer === "ok" || answer === "nodeExists") return;
      await this.#session.connected();
    }
    throw storageFailed(`could not create ${path}`);
  }
}
