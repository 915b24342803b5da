import { describe, expect, it } from "vitest";
import { type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import { commands } from "../registry/registry.ts";
import { help } from "./help.ts";

const linesOf = (language: "en" | "zh", path: string): readonly string[] =>
  help(commands, path, (key: MessageKey, parameters?: MessageParameters) =>
    text(language, key, parameters ?? {}),
  ).split("\n");

describe("help", () => {
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
