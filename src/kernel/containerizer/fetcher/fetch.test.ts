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
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Header, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ContainerUri } from "../driver.ts";
import { fetchAll } from "./fetch.ts";
import { defaultFetchLimits, type FetchLimits } from "./request.ts";

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

describe("fetcher", () => {
  it.each(["tar", "tar.gz", "tar.bz2", "tar.xz"])("unpacks .%s, non-ASCII names too", async (kind) => {
    writeFileSync(join(root, "höhe-数.txt"), "x".repeat(300_000));
    const path = join(root, `b.${kind}`);
    execFileSync("tar", ["-caf", path, "-C", root, "höhe-数.txt"]);
    await fetch({ value: path });
    expect(readFileSync(join(sandboxDir, "höhe-数.txt"), "utf8").length).toBe(300_000);
  });

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
