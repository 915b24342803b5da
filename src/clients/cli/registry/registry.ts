/** Every command there is. */
import { allocationCommands } from "./allocation.ts";
import { clusterCommands, hiddenCommands } from "./cluster.ts";
import { jobCommands } from "./jobs.ts";
import { migrationCommands } from "./migration.ts";
import { peopleCommands } from "./people.ts";
import { runCommands } from "./runs.ts";
import { secretCommands } from "./secrets.ts";
import { serviceCommands } from "./services.ts";
import type { CommandSpec } from "./spec.ts";

export const commands: readonly CommandSpec[] = [
  ...clusterCommands,
  ...serviceCommands,
  ...jobCommands,
  ...runCommands,
  ...allocationCommands,
  ...peopleCommands,
  ...secretCommands,
  ...migrationCommands,
];

/** With those that only this program's own scripts use. */
export const allCommands: readonly CommandSpec[] = [...commands, ...hiddenCommands];
