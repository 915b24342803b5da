/** How tests start a program of this repository in a process of its own. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const flags = ["--conditions=keelson-source", "--disable-warning=ExperimentalWarning"];
/** Folders of builds, and whether what was bundled of them is current; told once a test file. */
const bundles = new Map<string, boolean>();

/** Arguments of Node for a script of the tests, or for the source of a program. */
export const scriptArguments = (path: string): readonly string[] => [...flags, path];

/**
 * Arguments of Node for a program by its path below `src`, without its end. It is loaded as `bin/keelson` loads it: from one
 * file, in a third of the time, where that is current.
 */
export function programArguments(program: string, build = root): readonly string[] {
  if (!isBundled(build)) return scriptArguments(join(build, `src/${program}.ts`));
  return ["--disable-warning=ExperimentalWarning", join(build, `dist/${program}.js`)];
}

function isBundled(build: string): boolean {
  const known = bundles.get(build);
  if (known !== undefined) return known;
  const isCurrent = spawnSync("sh", [join(root, "tools/bundle-is-current.sh"), build]).status === 0;
  bundles.set(build, isCurrent);
  return isCurrent;
}
