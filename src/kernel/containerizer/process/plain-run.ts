/** A container without an image: a program of the machine's own, and what the shim has to know besides. */
import type { ContainerCommand, LaunchSpec } from "../driver.ts";
import { type Account, accountFor } from "./accounts.ts";
import { hostMountsOf } from "./host-mounts.ts";
import type { ShimSpec } from "./spec-file.ts";

export interface PlainRun {
  readonly spec: LaunchSpec;
  readonly account: Account | undefined;
  readonly program: Pick<ShimSpec, "executable" | "argv">;
  readonly shim: Partial<ShimSpec>;
}

/** Throws `LaunchError`. `isRoot`: of the agent. */
export const plainRun = (spec: LaunchSpec, isRoot: boolean): PlainRun => ({
  spec,
  account: accountFor(spec.user, isRoot),
  program: programOf(spec.command),
  shim: isRoot ? hostMountsOf(spec) : {},
});

/** An empty argument vector means just the name. */
function programOf(command: ContainerCommand): Pick<ShimSpec, "executable" | "argv"> {
  if (command.kind === "shell") return { executable: "/bin/sh", argv: ["sh", "-c", command.value] };
  const { value, argv } = command;
  return { executable: value, argv: argv.length === 0 ? [value] : argv };
}
