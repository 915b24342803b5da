/** How the long list of commands is shown: by what people do. Words in `nounHelp` stand for all commands below them. */
import type { MessageKey } from "#contracts/messages/messages.ts";

export const nounHelp: Readonly<Record<string, MessageKey>> = {
  service: "cli.service",
  job: "cli.job",
  task: "cli.task",
  node: "cli.node",
  role: "cli.role",
  framework: "cli.framework",
  quota: "cli.quota",
  user: "cli.user",
  group: "cli.group",
  permission: "cli.permission",
  deployment: "cli.deployment",
  "service group": "cli.serviceGroup",
  secret: "cli.secret",
  import: "cli.import",
  export: "cli.export",
  context: "cli.context",
  top: "cli.top",
};

export const groupsOfCommands: readonly { readonly title: MessageKey; readonly paths: readonly string[] }[] =
  [
    { title: "help.group.start", paths: ["up", "down", "demo", "open", "status", "doctor"] },
    {
      title: "help.group.everyday",
      paths: ["ps", "run", "stop", "logs", "exec", "why", "top", "events", "port-forward", "cp"],
    },
    {
      title: "help.group.change",
      paths: ["validate", "plan", "apply", "rollback", "history", "wait", "deployment", "audit", "explain"],
    },
    {
      title: "help.group.objects",
      paths: ["service", "job", "task", "node", "role", "framework", "quota", "secret"],
    },
    { title: "help.group.moving", paths: ["import", "export"] },
    { title: "help.group.people", paths: ["user", "group", "permission"] },
    {
      title: "help.group.program",
      paths: ["context", "login", "logout", "whoami", "completion", "version"],
    },
  ];
