import { execFileSync } from "node:child_process";
import {
  createWriteStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ContainerUri } from "../driver.ts";
import { fetchAll } from "./fetch.ts";
import { defaultFetchLimits, type FetchLimits } from "./request.ts";
import { runFetcher } from "./run-fetcher.ts";

let root: string;
let sandboxDir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "keelson-fetch-"));
  sandboxDir = mkdtempSync(join(root, "sandbox-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const fetch = (uri: ContainerUri, limits: Partial<FetchLimits> = {}): Promise<void> =>
  fetchAll({ sandboxDir, uris: [uri], limits: { ...defaultFetchLimits, ...limits } });

async function tar(
  entries: readonly (readonly [Partial<Header> & { name: string }, string?])[],
): Promise<string> {
  const archive = pack();
  for (const [header, content] of entries) archive.entry(header, content ?? "");
  archive.finalize();
  const path = join(root, "a.tar");
  await pipeline(archive, createWriteStream(path));
  return path;
}

interface ZipEntry {
  readonly name: string;
  readonly content: string;
  /** Unix mode with its file type; default a plain file. */
  readonly mode?: number;
}

/** Stored, not deflated: names that no tool would write are the point. */
function zip(entries: readonly ZipEntry[]): string {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o100644 } of entries) {
    const bytes = Buffer.from(content);
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt16LE(0x800, 2); // names are UTF-8
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    parts.push(Buffer.from("PK\x03\x04"), common, nameBytes, bytes);
    directory.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), common, tail, nameBytes);
    offset += 30 + nameBytes.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  const path = join(root, "a.zip");
  writeFileSync(path, Buffer.concat([...parts, ...directory, Buffer.from("PK\x05\x06"), end]));
  return path;
}

describe("fetcher", () => {
  it("unpacks .zip with folders, modes and non-ASCII names", async () => {
    const value = zip([
      { name: "dir/höhe-数.txt", content: "hello" },
      { name: "run", content: "#!/bin/sh", mode: 0o104755 },
    ]);
    await fetch({ value });
    expect(readFileSync(join(sandboxDir, "dir/höhe-数.txt"), "utf8")).toBe("hello");
    expect(statSync(join(sandboxDir, "run")).mode & 0o7777).toBe(0o755);
  });

  it.each([
    ["a name with ..", [{ name: "../evil", content: "x" }]],
    ["a name with .. in the middle", [{ name: "a/../../evil", content: "x" }]],
    ["an absolute name", [{ name: "/tmp/keelson-evil", content: "x" }]],
    ["a backslash name", [{ name: "..\\evil", content: "x" }]],
    [
      "a write through a link",
      [
        { name: "l", content: "/tmp", mode: 0o120777 },
        { name: "l/keelson-evil", content: "x" },
      ],
    ],
  ])("refuses %s in a zip", async (_what, entries) => {
    await expect(fetch({ value: zip(entries) })).rejects.toThrow(/Failed to fetch/);
    expect(existsSync(join(root, "evil")) || existsSync("/tmp/keelson-evil")).toBe(false);
  });

  it("takes https from a server that the machine trusts, and from no other", async () => {
    const [key, cert] = [join(root, "key.pem"), join(root, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const made = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "1",
    ];
    execFileSync("openssl", [...made, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
    const server = createTlsServer(
      { key: readFileSync(key), cert: readFileSync(cert) },
      (_request, response) => response.end("over tls"),
    );
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const address = server.address();
    const value = `https://127.0.0.1:${typeof address === "object" ? address?.port : ""}/file`;
    const run = (): Promise<void> =>
      runFetcher({ sandboxDir, uris: [{ value }], limits: defaultFetchLimits }, new AbortController().signal);
    try {
      await expect(run()).rejects.toThrow(/self-signed certificate/);
      vi.stubEnv("NODE_EXTRA_CA_CERTS", cert);
      await run();
      expect(readFileSync(join(sandboxDir, "file"), "utf8")).toBe("over tls");
    } finally {
      vi.unstubAllEnvs();
      server.closeAllConnections();
      server.close();
    }
  });

  it.each(["tar", "tar.gz", "tar.bz2", "tar.xz"])(
    "reliability.md§1#M11 MESOS-9393: unpacks .%s, names beyond ASCII too",
    async (kind) => {
      writeFileSync(join(root, "höhe-数.txt"), "x".repeat(300_000));
      const path = join(root, `b.${kind}`);
      execFileSync("tar", ["-caf", path, "-C", root, "höhe-数.txt"]);
      await fetch({ value: path });
      expect(readFileSync(join(sandboxDir, "höhe-数.txt"), "utf8").length).toBe(300_000);
    },
  );

  it.each([
    ["a name with ..", [[{ name: "../evil" }, "x"]]],
    ["an absolute name", [[{ name: "/tmp/keelson-evil" }, "x"]]],
    [
      "a write through a link",
      [[{ name: "l", type: "symlink", linkname: "/tmp" }], [{ name: "l/evil" }, "x"]],
    ],
    ["a hard link out", [[{ name: "h", type: "link", linkname: "../../etc/passwd" }]]],
    ["a device", [[{ name: "d", type: "character-device", devmajor: 1, devminor: 3 }]]],
  ] as const)("refuses %s", async (_what, entries) => {
    // The table is readonly and literal; tar-stream only reads it.
    await expect(fetch({ value: await tar(entries as never) })).rejects.toThrow(/Failed to fetch/);
    expect(existsSync(join(root, "evil")) || existsSync("/tmp/evil") || existsSync("/tmp/keelson-evil")).toBe(
      false,
    );
  });

  it("strips set-uid bits", async () => {
    await fetch({ value: await tar([[{ name: "s", mode: 0o6755 }, "x"]]) });
    expect(statSync(join(sandboxDir, "s")).mode & 0o7777).toBe(0o755);
  });

  it("bounds what an archive unpacks to, and its entries", async () => {
    writeFileSync(join(root, "zeros"), Buffer.alloc(20_000_000));
    execFileSync("gzip", [join(root, "zeros")]);
    const value = join(root, "zeros.gz");
    await expect(fetch({ value }, { unpackedFreeBytes: 1_000_000 })).rejects.toThrow(/times its size/);
    const many = await tar([[{ name: "a" }], [{ name: "b" }], [{ name: "c" }]]);
    await expect(fetch({ value: many }, { entriesMax: 2 })).rejects.toThrow(/more than 2 entries/);
  });

  it("refuses a truncated archive", async () => {
    const path = await tar([[{ name: "a" }, "x".repeat(100_000)]]);
    writeFileSync(path, readFileSync(path).subarray(0, 50_000));
    await expect(fetch({ value: path })).rejects.toThrow(/Failed to fetch/);
  });

  it("follows redirects to a bound, never to a file, and gives a silent server up", async () => {
    const server: Server = createServer((request, response) => {
      if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
      else if (request.url === "/file") response.writeHead(302, { location: "file:///etc/passwd" }).end();
      else if (request.url === "/stall") response.writeHead(200).write("a");
      else response.end("hello");
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const address = server.address();
    const base = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    await expect(fetch({ value: `${base}/loop` })).rejects.toThrow(/redirects/);
    await expect(fetch({ value: `${base}/file` })).rejects.toThrow(/only http and https/);
    await expect(fetch({ value: `${base}/stall` }, { stallTimeoutMs: 50 })).rejects.toThrow(/no byte/);
    await fetch({ value: `${base}/x`, outputFile: "bin/x", executable: true });
    expect(statSync(join(sandboxDir, "bin/x")).mode & 0o111).toBe(0o111);
    server.closeAllConnections();
    server.close();
  });

  it("refuses an output_file that leads out", async () => {
    await expect(fetch({ value: "/etc/hostname", outputFile: "../x" })).rejects.toThrow(/out of the sandbox/);
  });
});
