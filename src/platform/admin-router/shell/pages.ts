/** The few pages of the door itself. Nothing runs in them but one script whose digest the policy names. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import {
  type Language,
  type MessageKey,
  type MessageParameters,
  text,
} from "#contracts/messages/messages.ts";

const style =
  ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:12vh auto;padding:0 1.5rem}h1{font-size:1.4rem}code{font-family:ui-monospace,monospace}";
const digest = (source: string): string => `'sha256-${createHash("sha256").update(source).digest("base64")}'`;

/** Sends a browser to the console's login, and from there back to where it was. */
const toLogin =
  'location.replace("/#/login?redirect="+encodeURIComponent(location.pathname+location.search+location.hash));';
/** Somebody who is logged in is told that they may not; others may log in. */
const toDenied =
  'location.replace(/(^|; )dcos-acs-info-cookie=[^;]/.test(document.cookie)?"/#/access-denied":"/#/login?redirect="+encodeURIComponent(location.pathname+location.search));';

const policyWith = (script: string | undefined): string =>
  `default-src 'none'; style-src ${digest(style)}; ${script === undefined ? "" : `script-src ${digest(script)}; `}base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export interface Page {
  readonly body: string;
  readonly policy: string;
}

interface PageText {
  readonly title: MessageKey;
  readonly sentence: MessageKey;
  readonly parameters?: MessageParameters;
}

function page(language: Language, { title, sentence, parameters }: PageText, script?: string): Page {
  const said = (key: MessageKey): string => escapeHtml(text(language, key, parameters));
  const code = said(sentence).replace(/`([^`]+)`/g, "<code>$1</code>");
  const run = script === undefined ? "" : `<script>${script}</script>`;
  return {
    body: `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Keelson: ${said(title)}</title><style>${style}</style></head><body><h1>${said(title)}</h1><p>${code}</p>${run}</body></html>\n`,
    policy: policyWith(script),
  };
}

export const loginPage = (language: Language): Page =>
  page(language, { title: "door.login.title", sentence: "door.login.sentence" }, toLogin);

export const deniedPage = (language: Language): Page =>
  page(language, { title: "door.denied.title", sentence: "door.denied.sentence" }, toDenied);

export const badLinkPage = (language: Language): Page =>
  page(language, { title: "door.badLink.title", sentence: "door.badLink.sentence" });

export const notBuiltPage = (language: Language): Page =>
  page(language, { title: "door.notBuilt.title", sentence: "door.notBuilt.sentence" });

export const failurePage = (
  language: Language,
  sentence: "door.noService" | "door.serviceDown" | "door.notKnown",
  name: string,
): Page =>
  page(language, { title: "door.failure.title", sentence, parameters: { name: name.slice(0, 200) } });

export function languageOfRequest({ headers }: IncomingMessage): Language {
  return headers["accept-language"]?.toLowerCase().startsWith("zh") === true ? "zh" : "en";
}

function escapeHtml(given: string): string {
  return given.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
