/** The pages of error codes, and of reasons why something is not as wished. */
import { type ErrorCode, errorStatus } from "#contracts/errors.ts";
import {
  isMessageKey,
  type Language,
  type MessageKey,
  type MessageParameters,
  text,
} from "#contracts/messages/messages.ts";
import { reasonCodes } from "#contracts/services/reasons.ts";
import { type Both, generatedNote, otherLanguage, stop, table } from "./reference-text.ts";

const errorsIntro: Both = {
  en: `# Errors

Our own APIs answer \`{ "code", "message", "details"? }\`. Codes never change their meaning. Mesos' and Marathon's APIs keep
their own shapes. Why a service waits or fails is another matter: [reasons](reasons.md).`,
  zh: `# 错误

我们自己的 API 返回 \`{ "code", "message", "details"? }\`，代码的含义不会改变。Mesos 和 Marathon 的 API 保持各自的格式。
服务为何等待或失败见[原因](reasons.zh-CN.md)。`,
};
const errorHeads: Readonly<Record<Language, readonly string[]>> = {
  en: ["code", "status", "cause", "what to do"],
  zh: ["代码", "状态码", "原因", "处理方法"],
};

export function errorsPage(language: Language): string {
  const codes = (Object.keys(errorStatus) as ErrorCode[]).sort(
    (one, other) => errorStatus[one] - errorStatus[other] || (one < other ? -1 : 1),
  );
  const rows = codes.map((code) => [
    `<a id="${code}"></a>\`${code}\``,
    String(errorStatus[code]),
    text(language, `cause.${code}`),
    text(language, `remedy.${code}`),
  ]);
  const head = `${errorsIntro[language]}\n\n${otherLanguage("errors", language)}${stop[language]}${generatedNote[language]}`;
  return `${head}\n\n${table(errorHeads[language], rows)}\n`;
}

const reasonsIntro: Both = {
  en: `# When something waits or fails

\`keelson why NAME\`, the console and \`GET /keelson/v1/why\` name the true cause first, with one of these codes, and each node with
what it lacks. The codes never change their meaning.`,
  zh: `# 等待或失败时

\`keelson why 名称\`、控制台和 \`GET /keelson/v1/why\` 都会先指出真正的原因（下列代码之一），并逐一列出每个节点缺少什么。
代码的含义不会改变。`,
};
const labels: Readonly<Record<Language, { readonly example: string; readonly remedy: string }>> = {
  en: { example: "It reads", remedy: "What to do" },
  zh: { example: "显示为", remedy: "处理方法" },
};

/** Values for the sentences, the same for all of them. */
const example: MessageParameters = {
  away: 1,
  constraint: "rack LIKE r[1-3]",
  consumed: 384,
  container: "none",
  count: 2,
  cron: "0 3 * * *",
  deployment: "6b0f6b1e",
  detail: "connection refused",
  disks: "mount 500-1000 MiB",
  done: 1,
  fate: "replaced",
  free: 128,
  host: "127.0.0.1",
  image: "registry.example/shop/web:1",
  job: "shop.backup",
  jobs: "shop.export",
  known: "blue, mesos-bridge",
  largest: 2048,
  limit: 64,
  max: 1,
  missing: 384,
  network: "green",
  nodes: 3,
  path: "/usr/lib/cni:/opt/cni/bin",
  percent: 25,
  phase: "fetching",
  plugin: "bridge",
  kind: "fixed",
  ports: "8080",
  resource: "mem",
  role: "slave_public",
  roles: "slave_public",
  run: "20260131120000a1B2c",
  schedule: "nightly",
  seconds: 8,
  service: "/shop/database",
  signal: "SIGSEGV",
  status: 127,
  step: 1,
  steps: 2,
  timezone: "Europe/Berlin",
  total: 310,
  tools: "skopeo and umoci",
  user: "shop",
  volume: "web-data",
  wanted: 512,
};

export function reasonsPage(language: Language): string {
  const parts = reasonCodes.map((code) => {
    const remedy = `reasons.${code}.remedy`;
    const { example: reads, remedy: what } = labels[language];
    const lines = [
      `## ${code}`,
      `${text(language, `meaning.${code}`)}`,
      `${reads}: *${text(language, `reasons.${code}`, example)}*`,
      ...(isMessageKey(remedy) ? [`${what}: ${text(language, remedy satisfies MessageKey, example)}`] : []),
    ];
    return lines.join("\n\n");
  });
  const head = `${reasonsIntro[language]}\n\n${otherLanguage("reasons", language)}${stop[language]}${generatedNote[language]}`;
  return `${[head, ...parts].join("\n\n")}\n`;
}
