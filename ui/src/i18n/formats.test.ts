import { describe, expect, it } from "vitest";
import { createFormats } from "./formats.ts";
import { chooseLanguage } from "./languages.ts";

const en = createFormats("en");
const zh = createFormats("zh");

describe("numbers and times", () => {
  it.each([
    [0, "0"],
    [512, "512 MiB"],
    [1_536, "1.5 GiB"],
    [65_536, "64 GiB"],
    [2_457_600, "2.3 TiB"],
  ])("%s MiB reads %s", (mebibytes, text) => {
    expect(en.mebibytes(mebibytes)).toBe(text);
  });

  it("tells ages in the largest unit", () => {
    expect(en.ago(0, 59_000)).toBe("59 sec ago");
    expect(en.ago(0, 3_700_000)).toBe("1 hr ago");
    expect(zh.ago(0, 300_000)).toBe("5分钟前");
    // A clock ahead of the cluster's makes nothing happen in the future.
    expect(en.ago(9_000, 0)).toBe("0 sec ago");
  });

  it("writes CPUs with at most two decimals", () => {
    expect(en.cpus(0.1)).toBe("0.1");
    expect(en.cpus(1.2345)).toBe("1.23");
  });
});

describe("the language", () => {
  it.each([
    [null, ["zh-CN", "en"], "zh"],
    [null, ["de-DE", "zh"], "en"],
    [null, [], "en"],
    ["en", ["zh-CN"], "en"],
    ["klingon", ["zh"], "zh"],
  ] as const)("stored %s, browser %j: %s", (stored, preferred, language) => {
    expect(chooseLanguage(stored, preferred)).toBe(language);
  });
});
