/** Commands that move services and jobs in and out. */
import { type CommandSpec, lockFlags, waitFlags } from "./spec.ts";

export const migrationCommands: readonly CommandSpec[] = [
  {
    path: "import marathon",
    aliases: ["import dcos", "import metronome"],
    kind: "change",
    help: "cli.import.marathon",
    flags: [
      { name: "from", value: "URL|FILE", isMany: true, help: "flag.importFrom" },
      { name: "token", value: "TOKEN", help: "flag.importToken" },
      { name: "token-stdin", help: "flag.tokenStdin" },
      { name: "ca-file", value: "FILE", help: "flag.importCaFile" },
      { name: "dry-run", help: "flag.dryRun" },
      { name: "replace", help: "flag.importReplace" },
      { name: "partial", help: "flag.importPartial" },
      { name: "message", short: "m", value: "TEXT", help: "flag.message" },
      ...lockFlags,
      ...waitFlags,
    ],
    examples: [
      "import marathon --from groups.json --dry-run",
      "import marathon --from groups.json --from jobs.json",
    ],
    load: async () => (await import("../commands/import-marathon.ts")).importMarathon,
  },
  {
    path: "export marathon",
    aliases: ["export metronome"],
    kind: "read",
    help: "cli.export.marathon",
    flags: [{ name: "out", value: "FILE", help: "flag.exportOut" }],
    examples: ["export marathon --out marathon.json", "export marathon -o yaml"],
    load: async () => (await import("../commands/export-marathon.ts")).exportMarathon,
  },
];
