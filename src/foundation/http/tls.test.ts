import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { json } from "./answer.ts";
import { acceptFramedLinks, openFramedLink } from "./framed-link.ts";
import { createHttpServer, type HttpServer } from "./server.ts";
import { openRaw, TestCa } from "./testing.ts";
import { readTlsIdentity, serverTlsOptions, type TlsFiles, type TlsIdentity } from "./tls.ts";

const protocol = "test-link";
let dir = "";
let ca: TestCa;
let other: TestCa;
let ours: TlsFiles;
let theirs: TlsFiles;
let closed: HttpServer;
let open: HttpServer;
let plain: HttpServer;
let port = 0;
let openPort = 0;
let plainPort = 0;

function serve(tls?: TlsFiles, onTlsRefused: (reason: string) => void = () => undefined): HttpServer {
  const server = createHttpServer({
    host: "127.0.0.1",
    port: 0,
    ...(tls === undefined ? {} : { tls }),
    onTlsRefused,
  });
  server.route({ method: "GET", path: "/", handler: () => json("here") });
  acceptFramedLinks(server, "/link", protocol, (link) => ({
    onFrame: (document) => link.send({ got: document }),
    onClose: () => undefined,
  }));
  return server;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "keelson-tls-"));
  ca = new TestCa(dir, "ours");
  other = new TestCa(dir, "theirs");
  ours = ca.issue("daemon");
  theirs = other.issue("daemon");
  closed = serve(ours);
  open = serve({ ...ours, requireClientCertificate: false });
  plain = serve();
  ({ port } = await closed.listen());
  ({ port: openPort } = await open.listen());
  ({ port: plainPort } = await plain.listen());
}, 60_000);
afterAll(async () => {
  await Promise.all([closed.close(), open.close(), plain.close()]);
  rmSync(dir, { recursive: true });
});

/** What comes back over a link, or why there is none. */
const link = (url: string, tls?: TlsIdentity): Promise<unknown> =>
  new Promise((resolve) => {
    openFramedLink(
      { url, protocol, ...(tls === undefined ? {} : { tls }) },
      (opened) => {
        queueMicrotask(() => opened.send({ a: 1 }));
        return {
          onFrame: (document) => {
            resolve(document);
            opened.close("enough");
          },
          onClose: resolve,
        };
      },
      resolve,
    );
  });

const without = ({ ca: believed }: TlsIdentity): TlsIdentity => ({ ca: believed }) as TlsIdentity;

describe("links and servers over TLS", () => {
  it("a certificate of the CA on either side opens a link", async () => {
    expect(await link(`https://127.0.0.1:${port}/link`, readTlsIdentity(ours))).toEqual({ got: { a: 1 } });
  });

  it("where none is required, none is needed", async () => {
    const tls = without(readTlsIdentity(ours));
    expect(await link(`https://127.0.0.1:${openPort}/link`, tls)).toEqual({ got: { a: 1 } });
  });

  it("the failure says what to do", async () => {
    const mine = readTlsIdentity(ours);
    const foreign = { ...readTlsIdentity(theirs), ...(mine.ca === undefined ? {} : { ca: mine.ca }) };
    const at = `127.0.0.1:${port}`;
    const cases: readonly [string, TlsIdentity, string][] = [
      [`https://${at}`, without(mine), "set tls.certFile and tls.keyFile to one"],
      [`https://${at}`, foreign, "set tls.certFile and tls.keyFile to one"],
      [
        `https://${at}`,
        readTlsIdentity(theirs),
        "is of no CA known here; tls.caFile must be the CA that made it",
      ],
      [`https://localhost:${port}`, mine, 'is not for "localhost"; call it by a name in its certificate'],
      [`http://${at}`, mine, "speaks https, call it by https://"],
      [`https://127.0.0.1:${plainPort}`, mine, "does not speak TLS; call it by http://"],
    ];
    for (const [url, tls, told] of cases) expect(await link(`${url}/link`, tls)).toContain(told);
  });

  it("a refused client's session is not taken up again", async () => {
    const { cert, key } = readTlsIdentity(theirs);
    const ask = (session?: Buffer): Promise<{ readonly got: string; readonly session: Buffer | undefined }> =>
      new Promise((resolve) => {
        let got = "";
        let kept: Buffer | undefined;
        const shown = session === undefined ? { cert, key } : { session };
        const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...shown });
        socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        socket.on("session", (given) => {
          kept = given;
        });
        socket.on("data", (piece) => {
          got += piece.toString();
        });
        socket.on("error", () => undefined);
        socket.on("close", () => resolve({ got, session: kept }));
      });
    const first = await ask();
    expect(first.got).toBe("");
    expect((await ask(first.session ?? Buffer.alloc(0))).got).toBe("");
  });

  it("plain HTTP ends at once, and the server goes on", async () => {
    const { socket, received } = openRaw(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await new Promise((resolve) => socket.on("close", resolve));
    expect(received()).not.toContain("HTTP/1.1 200");
    expect(await link(`https://127.0.0.1:${port}/link`, readTlsIdentity(ours))).toEqual({ got: { a: 1 } });
  });

  it("the server says whom it let go and why", async () => {
    const mine = readTlsIdentity(ours);
    const foreign = { ...readTlsIdentity(theirs), ...(mine.ca === undefined ? {} : { ca: mine.ca }) };
    const cases: readonly [string, TlsIdentity, string][] = [
      ["https", without(mine), "the client has no certificate; it needs one of the CA in tls.caFile"],
      ["https", foreign, "the certificate of the client is not taken (UNABLE_TO_VERIFY_LEAF_SIGNATURE)"],
      ["http", mine, "plain HTTP came to this port; call it by https://"],
    ];
    for (const [scheme, tls, told] of cases) {
      const refusal = Promise.withResolvers<string>();
      const server = serve(ours, refusal.resolve);
      const { port: own } = await server.listen();
      await link(`${scheme}://127.0.0.1:${own}/link`, tls);
      expect(await refusal.promise).toContain(told);
      await server.close();
    }
  });
});

describe("files of TLS", () => {
  it("are refused by the option that is wrong", () => {
    const text = join(dir, "text");
    writeFileSync(text, "no certificate\n");
    const cases: readonly [TlsFiles, string][] = [
      [{ ...ours, certFile: join(dir, "none") }, "tls.certFile cannot be read: ENOENT"],
      [{ ...ours, certFile: text }, `tls.certFile ${text} is not a certificate in PEM`],
      [{ ...ours, keyFile: theirs.keyFile }, "is not the private key, in PEM, of tls.certFile"],
      [{ ...ours, caFile: text }, `tls.caFile ${text} is not a certificate in PEM`],
      [
        { certFile: ours.certFile, keyFile: ours.keyFile, requireClientCertificate: true },
        "tls.requireClientCertificate needs tls.caFile",
      ],
    ];
    for (const [files, told] of cases) expect(() => serverTlsOptions(files)).toThrow(told);
  });
});
