import { describe, expect, it } from "vitest";
import { type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import { groupsOfCommands } from "../registry/groups.ts";
import { commands } from "../registry/registry.ts";
import { help } from "./help.ts";

const linesOf = (language: "en" | "zh", path: string): readonly string[] =>
  help(commands, path, (key: MessageKey, parameters?: MessageParameters) =>
    text(language, key, parameters ?? {}),
  ).split("\n");

describe("help", () => {
  it.each(["app", "pod", "marathon app"])("on %s is that on services, stop and why among it", (word) => {
    const lines = linesOf("en", word);
    const shown = lines.filter((line) => /^ {2}service (list|scale|stop|why|group list)\b/.test(line));
    expect(shown).toHaveLength(5);
    expect(lines.slice(1)).toEqual(
      linesOf("en", "service")
        .slice(1)
        .map((line) => line.replace("`keelson service", `\`keelson ${word}`)),
    );
  });

  it("leads from the long list to every command", () => {
    const listed = groupsOfCommands.flatMap(({ paths }) => paths);
    const unlisted = commands.filter(
      ({ path }) => !listed.some((each) => each === path || path.startsWith(`${each} `)),
    );
    expect(unlisted.map(({ path }) => path)).toEqual([]);
  });

  it.each(["", ...commands.map(({ path }) => path)])(
    "ux.md§6#8 on %j has no English sentence in Chinese",
    (path) => {
      const english = new Set(linesOf("en", path));
      const same = linesOf("zh", path).filter(
        // Examples are commands, which have one spelling.
        (line) => english.has(line) && /[a-z]+ [a-z]+/.test(line) && !/^ {2}keelson /.test(line),
      );
      expect(same).toEqual([]);
    },
  );
});
