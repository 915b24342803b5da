/** What `keelson down` says to a wrong option, and to who asks for help: no stack trace. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const down = (...args: readonly string[]) =>
  spawnSync(
    process.execPath,
    ["--conditions=keelson-source", fileURLToPath(new URL("main.ts", import.meta.url)), ...args],
    { encoding: "utf8", env: { LANG: "C.UTF-8" } },
  );

it.each(["--help", "-h"])("%s lists the options", (flag) => {
  const { status, stdout, stderr } = down(flag);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  for (const option of ["--data-dir DIR", "--purge", "--json"]) expect(stdout).toContain(option);
});

it("an option that is none is named, with where to look", () => {
  const { status, stdout, stderr } = down("--nonsense");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toBe("Unknown option '--nonsense'. `keelson down --help` lists the options.\n");
});
