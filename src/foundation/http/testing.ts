/** For tests: a client that sends exactly these bytes, and certificates. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { TlsFiles } from "./tls.ts";

export interface RawConnection {
  readonly socket: Socket;
  /** What came back so far. */
  readonly received: () => string;
  readonly closed: () => boolean;
}

/** A connection to this machine that has sent `given`. */
export function openRaw(port: number, given: string): RawConnection {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  let closed = false;
  socket.on("data", (piece) => {
    received += piece.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
  });
  socket.write(given);
  return { socket, received: () => received, closed: () => closed };
}

/** Certificates of one CA, made by openssl in a folder; a name is `DNS:…` or `IP:…`. */
export class TestCa {
  readonly caFile: string;
  readonly #dir: string;

  constructor(dir: string, name: string) {
    this.#dir = mkdtempSync(join(dir, `${name}-`));
    this.caFile = this.#make("ca", name, ["-addext", "basicConstraints=critical,CA:TRUE"]).certFile;
  }

  issue(name: string, names: readonly string[] = ["IP:127.0.0.1"]): TlsFiles {
    const made = this.#make(name, name, [
      ...["-CA", this.caFile, "-CAkey", join(this.#dir, "ca.key")],
      ...["-addext", `subjectAltName=${names.join(",")}`],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ]);
    return { ...made, caFile: this.caFile };
  }

  #make(
    file: string,
    name: string,
    more: readonly string[],
  ): { readonly certFile: string; readonly keyFile: string } {
    const certFile = join(this.#dir, `${file}.pem`);
    const keyFile = join(this.#dir, `${file}.key`);
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile];
    execFileSync(
      "openssl",
      ["req", "-x509", ...key, "-out", certFile, "-days", "2", "-subj", `/CN=${name}`, ...more],
      { stdio: "pipe" },
    );
    return { certFile, keyFile };
  }
}
