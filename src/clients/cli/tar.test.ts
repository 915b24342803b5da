import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "tar-stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { extractTar } from "./tar.ts";

let root = "";
let folder = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "keelson-tar-"));
  folder = join(root, "inside");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Entry {
  readonly name: string;
  readonly content?: string;
  readonly link?: string;
}

async function extract(entries: readonly Entry[], rename?: string): Promise<unknown> {
  const archive = pack();
  for (const { name, content = "", link } of entries)
    if (link === undefined) archive.entry({ name }, content);
    else archive.entry({ name, type: "symlink", linkname: link });
  archive.finalize();
  return await extractTar(archive as never, folder, { rename, filesMax: 100 });
}

it("files land in their folder, under another name when one is given, and replace what is there", async () => {
  expect(
    await extract([
      { name: "logs/a", content: "1" },
      { name: "logs/b/c", content: "22" },
    ]),
  ).toEqual({ files: 2, bytes: 3 });
  expect(readFileSync(join(folder, "logs/b/c"), "utf8")).toBe("22");
  await extract([{ name: "logs/a", content: "new" }]);
  expect(readFileSync(join(folder, "logs/a"), "utf8")).toBe("new");
  await extract([{ name: "logs/a", content: "x" }], "other");
  expect(readFileSync(join(folder, "other/a"), "utf8")).toBe("x");
});

it.each(["../evil", "a/../../evil", "/../evil"])("a name like %s is refused", async (name) => {
  await expect(extract([{ name, content: "x" }])).rejects.toThrow("leads outside");
  expect(existsSync(join(root, "evil"))).toBe(false);
});

it("links are kept inside, left out where they lead outside, and never written through", async () => {
  await extract([
    { name: "d/file", content: "x" },
    { name: "d/good", link: "file" },
    { name: "d/abs", link: "/etc/passwd" },
    { name: "d/up", link: "../../evil" },
    { name: "way", link: ".." },
    { name: "way/evil", content: "x" },
  ]);
  expect(readlinkSync(join(folder, "d/good"))).toBe("file");
  for (const name of ["d/abs", "d/up"]) expect(existsSync(join(folder, name))).toBe(false);
  expect(existsSync(join(root, "evil"))).toBe(false);
});

it("a bound on files holds", async () => {
  const many = Array.from({ length: 101 }, (_, index) => ({ name: `f${index}` }));
  await expect(extract(many)).rejects.toThrow("more than 100 files");
});
