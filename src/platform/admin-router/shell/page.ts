/** The page at `/`: what the cluster is and what runs, until there is a console. */
import { createHash } from "node:crypto";

export interface PageFacts {
  readonly agents: readonly { readonly id: string; readonly hostname: string; readonly active: boolean }[];
  readonly apps: readonly {
    readonly id: string;
    readonly instances: number;
    readonly tasksRunning: number;
    readonly address: string | undefined;
  }[];
}

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:8vh auto;padding:0 1.5rem}
h1{font-size:1.5rem}h2{font-size:1.05rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid color-mix(in srgb,currentColor 15%,transparent)}
th{font-weight:600;opacity:.7}code{font-family:ui-monospace,monospace}`;

/** Only this one style may apply, and nothing may run. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; frame-ancestors 'none'; form-action 'none'`;

export function renderPage({ agents, apps }: PageFacts, language: "en" | "zh"): string {
  const t = texts[language];
  const rows = (cells: readonly (readonly string[])[]): string =>
    cells.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("");
  const head = (names: readonly string[]): string =>
    `<tr>${names.map((name) => `<th>${name}</th>`).join("")}</tr>`;
  const services = apps.map(({ id, tasksRunning, instances, address }) => [
    `<code>${escapeHtml(id)}</code>`,
    `${tasksRunning}/${instances}`,
    address === undefined
      ? ""
      : `<a href="${escapeHtml(address)}" rel="noreferrer">${escapeHtml(address)}</a>`,
  ]);
  const machines = agents.map(({ id, hostname, active }) => [
    `<code>${escapeHtml(id)}</code>`,
    escapeHtml(hostname),
    active ? t.active : t.inactive,
  ]);
  return `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Keelson</title><style>${style}</style>
<h1>Keelson</h1><p>${t.intro}</p>
<h2>${t.services}</h2>${services.length === 0 ? `<p>${t.noServices}</p>` : `<table>${head([t.service, t.running, t.address])}${rows(services)}</table>`}
<h2>${t.agents}</h2><table>${head([t.agent, t.host, t.state])}${rows(machines)}</table></html>`;
}

const texts = {
  en: {
    intro: "This cluster is up. The command line is <code>bin/keelson</code>.",
    services: "Services",
    noServices: "None yet: <code>bin/keelson demo</code> runs one.",
    service: "Service",
    running: "Running",
    address: "Address",
    agents: "Agents",
    agent: "Agent",
    host: "Host",
    state: "State",
    active: "active",
    inactive: "inactive",
  },
  zh: {
    intro: "集群已就绪。命令行工具是 <code>bin/keelson</code>。",
    services: "服务",
    noServices: "还没有服务：<code>bin/keelson demo</code> 可以运行一个。",
    service: "服务",
    running: "运行",
    address: "地址",
    agents: "Agent",
    agent: "Agent",
    host: "主机",
    state: "状态",
    active: "可用",
    inactive: "不可用",
  },
} as const;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
