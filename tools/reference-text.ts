/** Words and small forms that the pages of the reference share. */
import type { FieldDoc } from "#contracts/docs/field-docs.ts";
import type { Language } from "#contracts/messages/messages.ts";

/** English and Chinese side by side: pages are the same but for these. */
export type Both = Readonly<Record<Language, string>>;

export const generatedNote: Both = {
  en: "Written by `npm run fix` from the declarations; do not edit.",
  zh: "由 `npm run fix` 根据声明生成，请勿手工编辑。",
};

/** Two sentences beside each other. */
export const stop: Both = { en: ". ", zh: "。" };

export const otherLanguage = (name: string, language: Language): string =>
  language === "en" ? `[中文](${name}.zh-CN.md)` : `[English](${name}.md)`;

/** One row; bars inside cells are escaped and line breaks become spaces. */
export const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(...head), row(...head.map(() => "---")), ...rows.map((cells) => row(...cells))].join("\n");

const code = (text: string): string => `\`${text}\``;

/** Type with choices and bounds, such as `integer, 0 …`. */
export function typeText({ type, values, minimum, maximum, unit }: FieldDoc): string {
  const choices = values === undefined || values.length > 12 ? "" : `: ${values.map(code).join(", ")}`;
  const low = minimum === undefined ? "" : String(minimum);
  const high = maximum === undefined || maximum >= 2_147_483_647 ? "" : String(maximum);
  const range = low === "" && high === "" ? "" : `, ${low} … ${high}`.trimEnd();
  return `${type}${choices}${range}${unit === undefined ? "" : ` (${unit})`}`;
}

/** What a client sends has defaults; what it gets is there always, or not. */
export type FieldSide = "sent" | "answered";

const fieldHeads: Readonly<Record<FieldSide, Readonly<Record<Language, readonly string[]>>>> = {
  sent: {
    en: ["field", "type", "default", "example", "meaning"],
    zh: ["字段", "类型", "默认值", "示例", "含义"],
  },
  answered: {
    en: ["field", "type", "there", "example", "meaning"],
    zh: ["字段", "类型", "出现", "示例", "含义"],
  },
};
const required: Readonly<Record<FieldSide, Both>> = {
  sent: { en: "required", zh: "必填" },
  answered: { en: "always", zh: "总是" },
};
const optional: Readonly<Record<FieldSide, Both>> = {
  sent: { en: "", zh: "" },
  answered: { en: "if any", zh: "可能" },
};
const refused: Both = { en: "Refused by this version. ", zh: "此版本会拒绝。" };

/** A table of fields and of those below them, named from `root`. */
export function fieldTable(
  fields: readonly FieldDoc[],
  { root, side, language }: { readonly root: string; readonly side: FieldSide; readonly language: Language },
): string {
  const flat = (field: FieldDoc): readonly FieldDoc[] => [field, ...field.children.flatMap(flat)];
  const rows = fields
    .flatMap(flat)
    .map((field) => [
      code(field.path.slice(root.length + 1)),
      typeText(field),
      field.isRequired ? required[side][language] : defaultText(field, side, language),
      exampleText(field),
      `${field.since === undefined ? refused[language] : ""}${field.description}`,
    ]);
  return table(fieldHeads[side][language], rows);
}

const defaultText = (field: FieldDoc, side: FieldSide, language: Language): string =>
  side === "answered" || field.default === null
    ? optional[side][language]
    : code(JSON.stringify(field.default));

/** Long ones are seen better in the fields below. */
function exampleText({ example, shape }: FieldDoc): string {
  const written = JSON.stringify(example);
  return shape !== undefined || written.length > 80 ? "" : code(written);
}
