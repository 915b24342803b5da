/** Commands about people and what they may do: users, groups, permissions. */
import { type ArgumentSpec, type CommandSpec, column, type FlagSpec, wideColumn } from "./spec.ts";

const user: ArgumentSpec = { name: "USER", offers: "user" };
const group: ArgumentSpec = { name: "GROUP", offers: "group" };
const description: FlagSpec = { name: "description", value: "TEXT", help: "flag.description" };
const subject: readonly FlagSpec[] = [
  { name: "user", value: "USER", help: "flag.ofUser" },
  { name: "group", value: "GROUP", help: "flag.ofGroup" },
];
const devServices = "dcos:service:marathon:marathon:services:/dev";

export const peopleCommands: readonly CommandSpec[] = [
  {
    path: "user list",
    aliases: ["users", "users list", "get users"],
    kind: "read",
    help: "cli.user.list",
    columns: [column("column.user"), column("column.type"), column("column.description")],
    load: async () => (await import("../commands/user.ts")).userList,
  },
  {
    path: "user show",
    aliases: ["users show", "describe user"],
    kind: "read",
    help: "cli.user.show",
    arguments: [user],
    examples: ["user show alice"],
    load: async () => (await import("../commands/user.ts")).userShow,
  },
  {
    path: "user add",
    aliases: ["user create"],
    kind: "change",
    help: "cli.user.add",
    arguments: [{ name: "USER" }],
    flags: [description, { name: "password-stdin", help: "flag.passwordStdin" }],
    examples: ["user add alice --password-stdin < password.txt"],
    load: async () => (await import("../commands/user.ts")).userAdd,
  },
  {
    path: "user remove",
    aliases: ["user delete"],
    kind: "change",
    help: "cli.user.remove",
    arguments: [user],
    examples: ["user remove alice"],
    load: async () => (await import("../commands/user.ts")).userRemove,
  },
  {
    path: "group list",
    aliases: ["groups", "groups list", "get groups"],
    kind: "read",
    help: "cli.group.list",
    columns: [column("column.group"), column("column.description")],
    load: async () => (await import("../commands/group.ts")).groupList,
  },
  {
    path: "group show",
    aliases: ["groups show", "describe group"],
    kind: "read",
    help: "cli.group.show",
    arguments: [group],
    examples: ["group show superusers"],
    load: async () => (await import("../commands/group.ts")).groupShow,
  },
  {
    path: "group add",
    aliases: ["group create"],
    kind: "change",
    help: "cli.group.add",
    arguments: [{ name: "GROUP" }],
    flags: [description],
    examples: ["group add ops --description 'who is on call'"],
    load: async () => (await import("../commands/group.ts")).groupAdd,
  },
  {
    path: "group remove",
    aliases: ["group delete"],
    kind: "change",
    help: "cli.group.remove",
    arguments: [group],
    examples: ["group remove ops"],
    load: async () => (await import("../commands/group.ts")).groupRemove,
  },
  {
    path: "group member add",
    kind: "change",
    help: "cli.group.memberAdd",
    arguments: [group, { ...user, isRest: true }],
    examples: ["group member add ops alice"],
    load: async () => (await import("../commands/group.ts")).memberAdd,
  },
  {
    path: "group member remove",
    kind: "change",
    help: "cli.group.memberRemove",
    arguments: [group, { ...user, isRest: true }],
    examples: ["group member remove ops alice"],
    load: async () => (await import("../commands/group.ts")).memberRemove,
  },
  {
    path: "permission list",
    aliases: ["permissions", "permissions list", "get permissions"],
    kind: "read",
    help: "cli.permission.list",
    arguments: [{ name: "RESOURCE", isOptional: true }],
    flags: subject,
    columns: [
      column("column.resource"),
      column("column.actions"),
      column("column.holder"),
      wideColumn("column.description"),
    ],
    examples: ["permission list", "permission list --user alice"],
    load: async () => (await import("../commands/permission.ts")).permissionList,
  },
  {
    path: "permission grant",
    kind: "change",
    help: "cli.permission.grant",
    arguments: [{ name: "RESOURCE" }, { name: "ACTION", isRest: true }],
    flags: [...subject, { name: "force", help: "flag.forceResource" }],
    examples: [
      "permission grant dcos:adminrouter:service:marathon full --group ops",
      `permission grant ${devServices} read update --group ops`,
    ],
    load: async () => (await import("../commands/permission.ts")).permissionGrant,
  },
  {
    path: "permission revoke",
    kind: "change",
    help: "cli.permission.revoke",
    arguments: [{ name: "RESOURCE" }, { name: "ACTION", isRest: true, isOptional: true }],
    flags: subject,
    examples: [`permission revoke ${devServices} --group ops`],
    load: async () => (await import("../commands/permission.ts")).permissionRevoke,
  },
];
