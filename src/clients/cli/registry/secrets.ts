/** Commands about kept secrets. */
import { type ArgumentSpec, type CommandSpec, column, type FlagSpec } from "./spec.ts";

const path: ArgumentSpec = { name: "PATH" };
const value: readonly FlagSpec[] = [
  { name: "file", short: "f", value: "FILE", help: "flag.secretFile" },
  { name: "value", short: "v", value: "TEXT", help: "flag.secretValue" },
];

export const secretCommands: readonly CommandSpec[] = [
  {
    path: "secret list",
    aliases: ["secrets", "secrets list", "get secrets"],
    kind: "read",
    help: "cli.secret.list",
    arguments: [{ name: "FOLDER", isOptional: true }],
    columns: [column("column.secret")],
    load: async () => (await import("../commands/secret.ts")).secretList,
  },
  {
    path: "secret get",
    aliases: ["secrets get", "secret show"],
    kind: "read",
    help: "cli.secret.get",
    arguments: [path],
    load: async () => (await import("../commands/secret.ts")).secretGet,
  },
  {
    path: "secret create",
    aliases: ["secrets create", "secret add"],
    kind: "change",
    help: "cli.secret.create",
    arguments: [path],
    flags: value,
    examples: ["secret create shop/database --file password.txt"],
    load: async () => (await import("../commands/secret.ts")).secretCreate,
  },
  {
    path: "secret update",
    aliases: ["secrets update"],
    kind: "change",
    help: "cli.secret.update",
    arguments: [path],
    flags: value,
    load: async () => (await import("../commands/secret.ts")).secretUpdate,
  },
  {
    path: "secret delete",
    aliases: ["secrets delete", "secret remove"],
    kind: "change",
    help: "cli.secret.delete",
    arguments: [path],
    examples: ["secret delete shop/database"],
    load: async () => (await import("../commands/secret.ts")).secretDelete,
  },
];
