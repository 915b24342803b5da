/** The page of our own APIs: every endpoint with permission, fields and errors, and the shapes its answers are made of. */
import { explainField } from "#contracts/docs/field-docs.ts";
import { type OwnApi, ownApis } from "#contracts/docs/own-apis.ts";
import { shapeRoots } from "#contracts/docs/roots.ts";
import type { Endpoint } from "#contracts/endpoint.ts";
import { errorStatus } from "#contracts/errors.ts";
import type { Language } from "#contracts/messages/messages.ts";
import { type Both, fieldTable, generatedNote, otherLanguage, stop } from "./reference-text.ts";

const intro: Both = {
  en: `# Our own API

What Keelson answers beyond Mesos', Marathon's and Metronome's APIs, below \`/keelson/v1\`. Through the door each request carries
\`Authorization: token=…\`. Bodies and answers are JSON; fields are only ever added. Lists answer a window: \`offset\`, \`limit\`,
\`filter\`, \`sort\`. Every server describes its part in OpenAPI at \`/keelson/v1/openapi.json\`. Refusals: [errors](errors.md).`,
  zh: `# 自有 API

Keelson 在 Mesos、Marathon 和 Metronome 的 API 之外提供的接口，位于 \`/keelson/v1\` 之下。经过入口的请求需带
\`Authorization: token=…\`。请求和应答均为 JSON，字段只增不减。列表按窗口返回：\`offset\`、\`limit\`、\`filter\`、\`sort\`。
每个服务端在 \`/keelson/v1/openapi.json\` 提供 OpenAPI 描述。被拒绝时见[错误](errors.zh-CN.md)。`,
};
const servers: Readonly<Record<OwnApi["server"], Both>> = {
  door: { en: "The door", zh: "入口" },
  services: { en: "Services", zh: "服务" },
  jobs: { en: "Jobs", zh: "作业" },
  master: { en: "The master", zh: "Master" },
  agent: { en: "Each agent", zh: "每个 agent" },
};
const parts: Readonly<Record<"params" | "query" | "body" | "reply", Both>> = {
  params: { en: "In the path", zh: "路径参数" },
  query: { en: "Query", zh: "查询参数" },
  body: { en: "Body", zh: "请求正文" },
  reply: { en: "Answer", zh: "应答" },
};
const words: Readonly<Record<"permission" | "errors" | "shapes" | "none", Both>> = {
  permission: { en: "Permission", zh: "权限" },
  errors: { en: "Errors", zh: "错误" },
  shapes: { en: "Shapes", zh: "结构" },
  none: { en: "none of its own", zh: "没有特有的错误" },
};

/** Not declared as an endpoint, since it answers a stream. */
const events: Both = {
  en: `### events

\`GET /keelson/v1/events\`

What changes in the cluster, as server-sent events; each is a \`ClusterEvent\`. \`kind=service,task\` and \`object=/shop/web\` filter on the
server. The id of an event given back as \`Last-Event-ID\` or \`after=\` goes on behind it, \`after=oldest\` begins with the oldest that is
kept, \`back=5000\` with those of the last 5,000 ms; \`follow=false\` ends behind what is kept, and the header \`keelson-events-since\`
says since when (ms UTC) everything is. An event of the kind \`reset\` says that something was missed: read everything again. A comment line is the heartbeat.

Permission: any user who is logged in.`,
  zh: `### events

\`GET /keelson/v1/events\`

集群中的变化，以服务器推送事件（SSE）返回，每个事件是一个 \`ClusterEvent\`。\`kind=service,task\` 和 \`object=/shop/web\` 在服务端过滤。
把事件的 id 放在 \`Last-Event-ID\` 或 \`after=\` 中可从其后继续，\`after=oldest\` 从保留的最早事件开始，
\`back=5000\` 从最近 5000 毫秒内的事件开始；\`follow=false\` 在发完保留的事件后结束，响应头 \`keelson-events-since\`
说明从何时起（毫秒，UTC）的事件全部保留。类型为 \`reset\` 的事件表示有遗漏，
应全部重新读取。注释行是心跳。

权限：任何已登录的用户。`,
};

const logs: Both = {
  en: `### logs

\`POST /keelson/v1/logs\`

The logs of up to 200 files of tasks in one stream: \`{"sources": [{"agentId", "taskId", "file", "cursor" or "lines"}]}\`. The answer
is server-sent events \`{"source", "kind", "cursor", "value"}\`: \`source\` is a place in the list, \`kind\` and \`value\` are an event of the
agent's own log stream, or \`refused\` with \`status\` and \`body\`. Whoever is cut off asks again with the last cursor of each.

Permission: \`dcos:adminrouter:ops:slave\`, as for \`/agent/\`.`,
  zh: `### logs

\`POST /keelson/v1/logs\`

在一个流中跟随最多 200 个任务文件的日志：\`{"sources": [{"agentId", "taskId", "file", "cursor" 或 "lines"}]}\`。应答是服务器推送事件
\`{"source", "kind", "cursor", "value"}\`：\`source\` 是列表中的位置，\`kind\` 和 \`value\` 是 agent 自身日志流的一个事件，或者是带有
\`status\` 和 \`body\` 的 \`refused\`。连接中断后，用每个来源的最后一个 cursor 重新请求即可。

权限：\`dcos:adminrouter:ops:slave\`，与 \`/agent/\` 相同。`,
};

export function apiPage(language: Language): string {
  const head = `${intro[language]}\n\n${otherLanguage("api", language)}${stop[language]}${generatedNote[language]}`;
  const apis = ownApis.flatMap(({ server, prefix, endpoints }) => [
    `## ${servers[server][language]}`,
    ...Object.entries(endpoints).map(([name, endpoint]) => endpointPart(name, endpoint, prefix, language)),
    ...(server === "door" ? [events[language], logs[language]] : []),
  ]);
  const shapes = Object.keys(shapeRoots).flatMap((name) => {
    const doc = explainField(name, language);
    return doc === undefined
      ? []
      : [
          `### ${name}\n\n${doc.description}\n\n${fieldTable(doc.children, { root: name, side: "answered", language })}`,
        ];
  });
  return `${[head, ...apis, `## ${words.shapes[language]}`, ...shapes].join("\n\n")}\n`;
}

function endpointPart(name: string, endpoint: Endpoint, prefix: string, language: Language): string {
  const doc = explainField(name, language);
  const { method, path, permission, errors } = endpoint;
  const refusals = errors.map(
    (code) => `[\`${code}\`](errors${language === "zh" ? ".zh-CN" : ""}.md#${code}) (${errorStatus[code]})`,
  );
  const colon = language === "zh" ? "：" : ": ";
  const tables = (["params", "query", "body", "reply"] as const).flatMap((part) => {
    const found = doc?.children.find((child) => child.name === part);
    if (found === undefined) return [];
    const side = part === "reply" ? "answered" : "sent";
    const title = `${parts[part][language]}${found.shape === undefined ? "" : `${colon}\`${found.type}\``}`;
    return found.children.length === 0
      ? [title]
      : [`${title}\n\n${fieldTable(found.children, { root: `${name}.${part}`, side, language })}`];
  });
  return [
    `### ${name}`,
    `\`${method} ${prefix}/keelson/v1${path}\``,
    doc?.description ?? "",
    [
      `${words.permission[language]}${colon}\`${permission.resource}\` \`${permission.action}\``,
      `${words.errors[language]}${colon}${refusals.length === 0 ? words.none[language] : refusals.join(", ")}`,
    ].join(stop[language]) + stop[language].trim(),
    ...tables,
  ].join("\n\n");
}
