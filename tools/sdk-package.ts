/**
 * `npm run sdk [-- FOLDER]`: makes the package `@keelson/sdk` of `src/frameworks/sdk` and what it needs, as JavaScript
 * with declarations, ready for `npm publish` or `npm install FOLDER`. Without a folder: `dist/sdk`.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

export function makeSdkPackage(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  compile(join(folder, "lib"));
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const { version, license, engines } = manifest;
  const described = {
    name: "@keelson/sdk",
    version,
    description: "Write frameworks and executors for Keelson and Mesos",
    license,
    type: "module",
    engines,
    exports: { ".": { types: "./lib/frameworks/sdk/index.d.ts", default: "./lib/frameworks/sdk/index.js" } },
    imports: { "#*.ts": { types: "./lib/*.d.ts", default: "./lib/*.js" }, "#*.json": "./lib/*.json" },
    dependencies: dependenciesOf(join(folder, "lib"), manifest.dependencies),
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(described, null, 2)}\n`);
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  cpSync(join(root, "src/frameworks/sdk/README.md"), join(folder, "README.md"));
}

function compile(output: string): void {
  const project = join(output, "..", "tsconfig.json");
  const options = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: join(root, "src"),
      outDir: output,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    },
    include: [],
    files: [join(root, "src/frameworks/sdk/index.ts"), ...ambientTypes()],
  };
  writeFileSync(project, JSON.stringify(options));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", project], { encoding: "utf8" });
  rmSync(project);
  if (status !== 0) throw new Error(`the compiler refused the SDK:\n${stdout}`);
}

const ambientTypes = (): readonly string[] =>
  readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".d.ts"))
    .map((name) => join(root, "src", name));

const imported = /^(?:import |(?:import|export|\}).* from )"([a-z@][^"\s]*)"|\bimport\("([a-z@][^"\s]*)"\)/gm;

/** The packages that the compiled files import, at the versions this repository has. */
function dependenciesOf(folder: string, known: Manifest["dependencies"]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    const text = readFileSync(join(folder, name), "utf8");
    for (const [, atTop, inside] of text.matchAll(imported)) {
      const specifier = atTop ?? inside ?? "";
      if (specifier.startsWith("node:") || builtinModules.includes(specifier)) continue;
      const parts = specifier.split("/");
      const dependency = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
      const version = known[dependency];
      if (version === undefined) throw new Error(`${name} imports ${dependency}, which is no dependency`);
      found[dependency] = version;
    }
  }
  return Object.fromEntries(Object.entries(found).sort(([one], [other]) => (one < other ? -1 : 1)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, "dist/sdk"));
  makeSdkPackage(folder);
  if (!existsSync(join(folder, "lib/frameworks/sdk/index.js"))) throw new Error("nothing was made");
  console.log(`@keelson/sdk is in ${folder}: npm install ${folder}`);
}
