/** Every command there is. */
import { clusterCommands, hiddenCommands } from "./cluster.ts";
import { runCommands } from "./runs.ts";
import { serviceCommands } from "./services.ts";
import type { CommandSpec } from "./spec.ts";

export const commands: readonly CommandSpec[] = [...clusterCommands, ...serviceCommands, ...runCommands];

/** With those that only this program's own scripts use. */
export const allCommands: readonly CommandSpec[] = [...commands, ...hiddenCommands];
