/**
 * Makes each program load at once: a file for it, and few that several share, in `dist`. `tools/setup.mjs` runs this;
 * `bin/keelson` takes what it made while that is current (`tools/bundle-is-current.sh`), and the sources otherwise.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";

/** A file whose time is this long before the sources were read: what changed since then is newer, whatever the clock's grain. */
const marginMs = 50;
/** Parts that a running process may yet load stay for this long after a newer bundle replaced them. */
const oldPartsMs = 24 * 3_600_000;

const root = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
const sources = join(root, "src");
const target = join(root, "dist");
/** What a process or a thread is started with, by its path below `src`; below `dist` it has the same. */
const isProgram = (path: string): boolean =>
  path === "clients/cli/main.ts" || /^processes\/[^/]+\/main\.ts$|-(main|worker)\.ts$/.test(path);
const isOurs = (id: string): boolean => id.startsWith(`${sources}/`);

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

/**
 * `import.meta.url` of a source becomes the place below `dist` that mirrors it, whichever file its code ends up in: from
 * there it finds what it finds from its own place, another program or a folder of the clone.
 */
const places: Rolldown.Plugin = {
  name: "keelson-places",
  transform(code, id) {
    if (!isOurs(id) || !code.includes("import.meta.url")) return null;
    const place = relative(sources, id).replace(/\.ts$/, ".js");
    return { code: code.replaceAll("import.meta.url", `keelsonPlace("${place}")`), map: null };
  },
  renderChunk: (code, { fileName }) =>
    code.replace(/keelsonPlace\("([^"]+)"\)/g, (_, place: string) => {
      const path = posix.relative(posix.dirname(fileName), place);
      return `require("node:url").pathToFileURL(require("node:path").join(__dirname, "${path}")).href`;
    }),
};

/** Text of one byte a character takes half the memory in every process that loads it. */
const ascii: Rolldown.Plugin = {
  name: "keelson-ascii",
  renderChunk: (code) =>
    code.replace(/[^\0-\x7f]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`),
};

const conditions = ["keelson-source", "node", "import", "module", "default"];

/** CommonJS, in which Node loads no module before it is used; names are kept, so that stack traces can be read. */
async function bundleInto(folder: string): Promise<void> {
  await build({
    configFile: false,
    root,
    mode: "production",
    logLevel: "error",
    publicDir: false,
    plugins: [places, ascii],
    resolve: { conditions },
    ssr: {
      noExternal: true,
      // Machine code, and what one of the packages takes along where it is installed.
      external: ["@node-rs/argon2", "bufferutil", "utf-8-validate"],
      resolve: { conditions },
    },
    json: { stringify: true, namedExports: false },
    build: {
      ssr: true,
      target: "node24",
      outDir: folder,
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(
          filesBelow(sources)
            .filter(isProgram)
            .map((path) => [path.replace(/\.ts$/, ""), join(sources, path)]),
        ),
        treeshake: { moduleSideEffects: (id) => !isOurs(id) },
        output: { format: "cjs", entryFileNames: "[name].js", chunkFileNames: "parts/[name]-[hash].js" },
      },
    },
  });
}

const began = new Date(Date.now() - marginMs);
const fresh = `${target}.${process.pid}`;
try {
  await bundleInto(fresh);
  writeFileSync(join(fresh, "package.json"), '{ "type": "commonjs" }\n');
  writeFileSync(join(fresh, ".bundled"), "");
  utimesSync(join(fresh, ".bundled"), began, began);
  // Parts first and the stamp last: whoever finds the stamp finds the rest.
  const order = (name: string): number => (name.startsWith("parts/") ? 0 : name === ".bundled" ? 2 : 1);
  const made = filesBelow(fresh).toSorted((one, other) => order(one) - order(other));
  for (const name of made) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    renameSync(join(fresh, name), join(target, name));
  }
  const parts = join(target, "parts");
  for (const name of filesBelow(parts)) {
    const isOld = Date.now() - statSync(join(parts, name)).mtimeMs > oldPartsMs;
    if (isOld && !made.includes(`parts/${name}`)) rmSync(join(parts, name));
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
