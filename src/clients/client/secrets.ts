/** Kept secrets, asked of their store. Source: contract platform.md section 11.1. */
import { isJsonObject } from "#foundation/base/json.ts";
import type { RequestOptions } from "./cluster.ts";
import type { Connection } from "./connection.ts";

export interface Secret {
  readonly path: string;
  readonly value: string;
  readonly author: string;
  readonly created: string;
  readonly description?: string;
}

/** Each function throws `RequestFailed`. */
export class Secrets {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whole paths of those in a folder and below it; of all without one. */
  async list(folder = ""): Promise<readonly string[]> {
    const given = plain(folder);
    const body = await this.#ask(given, {}, "?list=true");
    const names = isJsonObject(body) ? body["array"] : undefined;
    const below = Array.isArray(names) ? names.map(String) : [];
    return given === "" ? below : below.map((name) => `${given}/${name}`);
  }

  async read(path: string): Promise<Secret> {
    const body = await this.#ask(plain(path));
    const { value, author, created, description } = isJsonObject(body) ? body : {};
    return {
      path: plain(path),
      value: String(value),
      author: String(author),
      created: String(created),
      ...(typeof description === "string" ? { description } : {}),
    };
  }

  async create(path: string, bytes: Uint8Array): Promise<void> {
    await this.#ask(plain(path), { method: "PUT", bytes });
  }

  async update(path: string, bytes: Uint8Array): Promise<void> {
    await this.#ask(plain(path), { method: "PATCH", bytes });
  }

  async remove(path: string): Promise<void> {
    await this.#ask(plain(path), { method: "DELETE" });
  }

  #ask(path: string, options: RequestOptions = {}, query = ""): Promise<unknown> {
    const address = path.split("/").map(encodeURIComponent).join("/");
    return this.#connection.atDoor(`/secrets/v1/secret/default/${address}${query}`, options);
  }
}

const plain = (path: string): string => path.replace(/^\/|\/$/g, "");
