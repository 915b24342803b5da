/**
 * A newcomer's way through the console in a real browser, against a real cluster, in both languages: the login link, the
 * demo, a service of one's own, broken, explained, mended, rolled back, its log and a terminal, removed.
 */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Language,
  type MessageKey,
  type MessageParameters,
  text,
} from "#contracts/messages/messages.ts";
import { ask, startCluster, type TestCluster } from "../harness/cluster.ts";

const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path)) ?? "";
const clicksMax = 12;
/** Generous: other tests share the machine. */
const patienceMs = 60_000;
const goodCommand = "while true; do echo hello from $MESOS_TASK_ID; sleep 1; done";

let cluster: TestCluster;
let browser: Browser;

beforeAll(async () => {
  cluster = await startCluster();
  browser = await chromium.launch({
    executablePath: browserPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await cluster?.purge();
});

/** One person at one browser: every click and every field typed into is counted, a step at a time. */
class Visitor {
  readonly page: Page;
  readonly #language: Language;
  readonly #context: BrowserContext;
  readonly complaints: string[] = [];
  clicks = 0;

  constructor(context: BrowserContext, page: Page, language: Language) {
    this.#context = context;
    this.page = page;
    this.#language = language;
    page.setDefaultTimeout(patienceMs);
    page.on("pageerror", (error) => this.complaints.push(error.message));
  }

  say(key: MessageKey, parameters: MessageParameters = {}): string {
    return text(this.#language, key, parameters);
  }

  async click(
    role: "button" | "link" | "tab" | "menuitem" | "option" | "textbox",
    name: string,
  ): Promise<void> {
    this.clicks += 1;
    await this.page.getByRole(role, { name, exact: true }).first().click();
  }

  async type(label: MessageKey, value: string): Promise<void> {
    this.clicks += 1;
    await this.page
      .getByRole("textbox", { name: this.say(label) })
      .first()
      .fill(value);
  }

  async sees(words: string): Promise<void> {
    await this.page.getByText(words).first().waitFor();
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}

async function arrive(language: Language): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: language === "zh" ? "zh-CN" : "en-GB",
  });
  const visitor = new Visitor(context, await context.newPage(), language);
  const { status, body } = await ask(`${cluster.info.url}/keelson/v1/login-links`, {
    method: "POST",
    headers: { authorization: `token=${cluster.info.token}`, "content-type": "application/json" },
    body: {},
  });
  expect(status).toBe(200);
  await visitor.page.goto(cluster.info.url + (body as { readonly path: string }).path);
  return visitor;
}

describe.each(["en", "zh"] as const)("a newcomer in %s", (language) => {
  const id = `/walk-${language}`;
  let visitor: Visitor;

  const step = (name: string, run: () => Promise<void>): void => {
    it(`${name}, in at most ${clicksMax} clicks`, async () => {
      visitor.clicks = 0;
      await run().catch(async (error: unknown) => {
        // What the visitor saw when it went wrong.
        await visitor.page.screenshot({ path: join(tmpdir(), `keelson-console-walk-${language}.png`) });
        throw error;
      });
      expect(visitor.clicks).toBeLessThanOrEqual(clicksMax);
      expect(visitor.complaints).toEqual([]);
    }, 240_000);
  };

  beforeAll(async () => {
    visitor = await arrive(language);
  }, 120_000);
  afterAll(() => visitor?.close());

  step("is logged in by the link", async () => {
    await visitor.page.getByRole("heading", { name: visitor.say("ui.nav.dashboard") }).waitFor();
    expect(visitor.page.url()).not.toContain("login=");
  });

  step("finds the demo and where it answers", async () => {
    expect((await cluster.cli("demo")).code).toBe(0);
    await visitor.click("link", visitor.say("ui.nav.services"));
    await visitor.click("link", "/demo");
    await visitor.page.getByRole("link", { name: /^http:\/\/demo\.localhost:\d+\// }).waitFor();
  });

  step("makes a service in the form, with the plan beside it", async () => {
    await visitor.click("link", visitor.say("ui.nav.services"));
    await visitor.click("link", visitor.say("ui.create.title"));
    await visitor.type("ui.field.id", id);
    await visitor.type("ui.field.cmd", goodCommand);
    await visitor.sees(visitor.say("ui.plan.creates", { after: 1 }));
    await visitor.click("button", visitor.say("ui.editor.create"));
    await visitor.page.locator('[data-verdict="succeeded"]').waitFor();
    await visitor.click("link", visitor.say("ui.progress.open"));
    await visitor.sees(visitor.say("ui.service.instancesOf", { running: 1, wanted: 1 }));
  });

  step("breaks it, and is told why", async () => {
    await visitor.click("link", visitor.say("ui.service.edit"));
    await visitor.type("ui.field.cmd", "echo about to fail >&2; no-such-command --serve");
    await visitor.page.locator('[data-plan-effect="restart"]').waitFor();
    await visitor.click("button", visitor.say("ui.editor.apply"));
    await visitor.page.locator('[data-verdict="wrong"]').waitFor();
    await visitor.page.locator('[data-first][data-code="commandNotFound"]').waitFor();
    // What it said before it ended stands beside the cause.
    await visitor.sees("no-such-command: ");
  });

  step("mends it where it stands", async () => {
    await visitor.click("button", visitor.say("ui.progress.editAgain"));
    await visitor.type("ui.field.cmd", `echo mended; ${goodCommand}`);
    await visitor.page.locator("[data-plan-effect]", { hasText: "echo mended" }).waitFor();
    const replace = visitor.page.getByRole("button", {
      name: visitor.say("ui.inTheWay.replace"),
      exact: true,
    });
    const apply = visitor.page.getByRole("button", { name: visitor.say("ui.editor.apply"), exact: true });
    // Its own deployment may still be in the way: whoever it is, the three ways on stand there.
    await replace
      .or(visitor.page.locator("button:enabled", { hasText: visitor.say("ui.editor.apply") }))
      .first()
      .waitFor();
    if (await replace.isVisible()) await visitor.click("button", visitor.say("ui.inTheWay.replace"));
    await apply.waitFor();
    await visitor.click("button", visitor.say("ui.editor.apply"));
    await visitor.page.locator('[data-verdict="succeeded"]').waitFor();
    await visitor.click("link", visitor.say("ui.progress.open"));
  });

  step("rolls it back, and sees the plan first", async () => {
    await visitor.click("tab", visitor.say("ui.service.tab.history"));
    await visitor.page
      .getByRole("link", { name: visitor.say("ui.history.look") })
      .last()
      .click();
    visitor.clicks += 1;
    await visitor.page.locator('[data-kind="added"]', { hasText: "cmd: while true" }).waitFor();
    await visitor.click("button", visitor.say("ui.rollback.verb"));
    const dialog = visitor.page.getByRole("dialog");
    await dialog.locator('[data-plan-effect="restart"]').waitFor();
    await dialog.getByRole("button", { name: visitor.say("ui.rollback.verb"), exact: true }).click();
    visitor.clicks += 1;
    await visitor.page.getByText(visitor.say("ui.service.instancesOf", { running: 1, wanted: 1 })).waitFor();
    await visitor.click("tab", visitor.say("ui.service.tab.configuration"));
    await visitor.page.getByText(goodCommand, { exact: true }).waitFor();
  });

  step("reads its log", async () => {
    await visitor.click("tab", visitor.say("ui.service.tab.log"));
    await visitor.page.getByRole("log").getByText("hello from").first().waitFor();
    await visitor.page.getByRole("textbox", { name: visitor.say("ui.log.filter") }).fill("no-such-command");
    visitor.clicks += 1;
    // Of an instance that is dead.
    await visitor.page.getByRole("log").locator("mark", { hasText: "no-such-command" }).first().waitFor();
  });

  step("works in a terminal inside of it", async () => {
    await visitor.click("tab", visitor.say("ui.service.tab.instances"));
    const named = new RegExp(visitor.say("ui.instance.terminal", { name: "§" }).replace("§", ".+"));
    await visitor.page
      .getByRole("button", { name: named })
      .and(visitor.page.locator("button:enabled"))
      .first()
      .click();
    visitor.clicks += 1;
    await visitor.page.locator('[data-terminal-state="open"]').waitFor();
    await visitor.page.keyboard.type("echo sum-$((40 + 2)); exit 7\n");
    await visitor.page.locator(".xterm-accessibility, .xterm-rows", { hasText: "sum-42" }).first().waitFor();
    await visitor.sees(visitor.say("ui.terminal.exited", { code: 7 }));
    await visitor.click("button", visitor.say("ui.close"));
  });

  step("removes it, knowing what goes and whose deployment is in the way", async () => {
    expect((await cluster.cli("service", "update", id, "cpus=1000", "--no-wait")).code).toBe(0);
    await visitor.click("button", visitor.say("ui.service.more"));
    await visitor.click("menuitem", visitor.say("ui.services.delete"));
    const dialog = visitor.page.getByRole("dialog");
    await dialog.locator('[data-plan-effect="remove"]').waitFor();
    await dialog.getByLabel(visitor.say("ui.confirm.type", { name: id })).fill(id);
    visitor.clicks += 1;
    const inTheWay = dialog.getByRole("region", { name: visitor.say("ui.inTheWay.title") });
    const holder = (await inTheWay.textContent()) ?? "";
    expect(holder).toContain(id);
    expect(holder).toMatch(/\d/);
    expect(holder).not.toContain(visitor.say("ui.inTheWay.somebody"));
    const way = (answer: "wait" | "replace" | "cancel") =>
      inTheWay.getByRole("button", { name: visitor.say(`ui.inTheWay.${answer}`), exact: true });
    for (const answer of ["wait", "cancel"] as const) expect(await way(answer).isVisible()).toBe(true);
    const remove = dialog.getByRole("button", { name: visitor.say("ui.services.delete"), exact: true });
    expect(await remove.isDisabled()).toBe(true);
    await way("replace").click();
    visitor.clicks += 1;
    await remove.click();
    visitor.clicks += 1;
    await visitor.page.getByRole("heading", { name: visitor.say("ui.nav.services") }).waitFor();
    await visitor.page.getByRole("link", { name: id, exact: true }).waitFor({ state: "detached" });
  });
});
