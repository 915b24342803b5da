/** The page of programs of others that are known to work, from the list beside their tests. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Language } from "#contracts/messages/messages.ts";
import { type Both, otherLanguage, stop, table } from "./reference-text.ts";

interface Client {
  readonly name: string;
  readonly version: string;
  readonly from: string;
  readonly speaks: string;
  readonly does: Both;
  readonly limits?: Both;
}

const list = fileURLToPath(new URL("../tests/interop/clients.json", import.meta.url));

const intro: Both = {
  en: `# Clients that are known to work

Programs and libraries that others wrote, none of them changed. \`npm run test:interop\` drives each against a cluster. Those of
GitHub are in no registry of packages: they are driven where \`KEELSON_STRANGERS\` names a folder with a checkout of each by its name.`,
  zh: `# 已知可用的客户端

以下程序和库均由他人编写，未作任何修改。\`npm run test:interop\` 会在集群上逐一运行它们。来自 GitHub 的不在任何软件包仓库中：
用 \`KEELSON_STRANGERS\` 指定一个文件夹，其中按名称放有各自的源码时才会运行。`,
};
const note: Both = {
  en: "Written by `npm run fix` from `tests/interop/clients.json`; do not edit.",
  zh: "由 `npm run fix` 根据 `tests/interop/clients.json` 生成，请勿手工编辑。",
};
const heads: Readonly<Record<Language, readonly string[]>> = {
  en: ["client", "version", "from", "what it does here", "its limits"],
  zh: ["客户端", "版本", "来源", "在此的用途", "自身的限制"],
};
const speaking: Both = { en: "Speaking", zh: "协议：" };

export function clientsPage(language: Language): string {
  const { clients } = JSON.parse(readFileSync(list, "utf8")) as { readonly clients: readonly Client[] };
  const sections = [...new Set(clients.map(({ speaks }) => speaks))].map((speaks) => {
    const rows = clients
      .filter((each) => each.speaks === speaks)
      .map(({ name, version, from, does, limits }) => [
        name,
        version,
        from,
        does[language],
        limits?.[language] ?? "",
      ]);
    const title = language === "en" ? `${speaking.en} ${speaks}` : `${speaking.zh}${speaks}`;
    return `## ${title}\n\n${table(heads[language], rows)}`;
  });
  const head = `${intro[language]}\n\n${otherLanguage("clients", language)}${stop[language]}${note[language]}`;
  return `${head}\n\n${sections.join("\n\n")}\n`;
}
