import type { CommandInfo } from "#contracts/kernel/messages.gen.ts";
import type { SessionSpec } from "#kernel/containerizer/index.ts";

/** A command of Mesos' kind as one more command in a container; its `user` is not looked at. */
export function sessionOf({
  shell,
  value = "",
  arguments: given = [],
  environment,
}: CommandInfo): SessionSpec {
  const variables = (environment?.variables ?? []).map(({ name, value: text = "" }) => [name, text] as const);
  const added = { environment: Object.fromEntries(variables) };
  if (shell === false) return { program: value, argv: given.length === 0 ? [value] : given, ...added };
  return { argv: ["/bin/sh", "-c", value], ...added };
}
