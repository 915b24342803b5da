/** The page of what people write into files. */
import { explainField } from "#contracts/docs/field-docs.ts";
import { schemaFileName } from "#contracts/docs/json-schema.ts";
import { definitionRoots } from "#contracts/docs/roots.ts";
import type { Language } from "#contracts/messages/messages.ts";
import { type Both, fieldTable, generatedNote, otherLanguage, stop } from "./reference-text.ts";

const intro: Both = {
  en: `# Definitions

What a service, a group of services, or a job can say. The forms are Marathon's and Metronome's, in JSON or YAML; \`keelson explain app.FIELD\` tells
the same in a terminal, \`keelson validate FILE\` finds every fault of a file with line and column. \`null\` counts as not given; a job has none.

Editors complete and explain fields when a file names its schema:

\`\`\`json
{ "$schema": "docs/reference/schema/app.json", "id": "/web", "cmd": "sleep 1000" }
\`\`\`

In YAML the first line does it: \`# yaml-language-server: $schema=docs/reference/schema/app.json\`. Name the file by its path
from yours, or by an address.`,
  zh: `# 定义

服务、服务组和作业可以写的全部内容。格式与 Marathon、Metronome 相同，可用 JSON 或 YAML；在终端中 \`keelson explain app.字段\` 给出同样的说明，
\`keelson validate 文件\` 一次指出文件中所有错误的行和列。\`null\` 视为未给出；作业中不能有。

文件指明模式后，编辑器即可补全和解释字段：

\`\`\`json
{ "$schema": "docs/reference/schema/app.zh-CN.json", "id": "/web", "cmd": "sleep 1000" }
\`\`\`

YAML 写在第一行：\`# yaml-language-server: $schema=docs/reference/schema/app.zh-CN.json\`。路径相对于你的文件，也可以是网址。`,
};

export function definitionsPage(language: Language): string {
  const parts = (Object.keys(definitionRoots) as (keyof typeof definitionRoots)[]).map((root) => {
    const doc = explainField(root, language);
    if (doc === undefined) return "";
    const file = schemaFileName(root, language);
    return `## ${root}\n\n${doc.description} [schema/${file}](schema/${file})\n\n${fieldTable(doc.children, { root, side: "sent", language })}`;
  });
  const head = `${intro[language]}\n\n${otherLanguage("definitions", language)}${stop[language]}${generatedNote[language]}`;
  return `${[head, ...parts].join("\n\n")}\n`;
}
