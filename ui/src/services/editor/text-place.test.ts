import { describe, expect, it } from "vitest";
import type { Syntax } from "../definition/document.ts";
import { placeAt } from "./text-place.ts";

/** `|` is the cursor. */
const place = (syntax: Syntax, text: string): readonly [string, string, string | undefined] => {
  const offset = text.indexOf("|");
  const { parents, word, isName, field } = placeAt(syntax, text.replace("|", ""), offset);
  return [parents.join("."), `${isName ? "name" : "value"} ${word}`, field];
};

describe("the place of a cursor in a definition", () => {
  it.each([
    ["json", "{|", "", "name ", undefined],
    ["json", '{"cm|', "", "name cm", undefined],
    ["json", '{"cmd": "a", "upgradeStrategy": {"min|"}}', "upgradeStrategy", "name min", undefined],
    ["json", '{"healthChecks": [{"protocol": "TCP"}, {"portI|"}]}', "healthChecks", "name portI", undefined],
    ["json", '{"killSelection": "Y|"}', "", "value Y", "killSelection"],
    ["json", '{"cmd": "a \\"{ b", "x|', "", "name x", undefined],
    ["yaml", "|", "", "name ", undefined],
    ["yaml", "id: /a\ncm|", "", "name cm", undefined],
    [
      "yaml",
      "upgradeStrategy:\n  minimumHealthCapacity: 1\n  max|",
      "upgradeStrategy",
      "name max",
      undefined,
    ],
    ["yaml", "healthChecks:\n  - protocol: TCP\n    portI|", "healthChecks", "name portI", undefined],
    ["yaml", "healthChecks:\n  - por|", "healthChecks", "name por", undefined],
    [
      "yaml",
      "healthChecks:\n  - command:\n      # why\n      val|",
      "healthChecks.command",
      "name val",
      undefined,
    ],
    ["yaml", "env:\n  A: b\nkillSelection: Y|", "", "value Y", "killSelection"],
  ] as const)("%s %s", (syntax, text, parents, word, field) => {
    expect(place(syntax, text)).toEqual([parents, word, field]);
  });
});
