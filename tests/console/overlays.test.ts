/** What opens over a page: search, menus, questions, drawers. Judged as pages are, in both colours and at both widths. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import { judgeShape, openLook, shapes, turn, visit } from "./look.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import { shopScenario } from "./scenarios/shop.ts";

interface Overlay {
  readonly name: string;
  readonly path: string;
  readonly open: (page: Page) => Promise<void>;
}

const search = "/shop/catalogue/search";
const overlays: readonly Overlay[] = [
  {
    name: "palette",
    path: "/services",
    open: async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("checkout");
      await page.getByRole("option", { name: "Restart /shop/checkout" }).waitFor();
    },
  },
  {
    name: "row-menu",
    path: "/services",
    open: async (page) => {
      await page.getByRole("button", { name: "More actions: /shop/cart" }).click();
      await page.getByRole("menuitem", { name: "Delete" }).waitFor();
    },
  },
  {
    name: "delete",
    path: "/services",
    open: async (page) => {
      await page.getByRole("button", { name: "More actions: /shop/cart" }).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await page.getByLabel("Type /shop/cart to confirm").fill("/shop/cart");
    },
  },
  {
    name: "locked",
    path: "/services",
    open: async (page) => {
      await page.getByRole("button", { name: `More actions: ${search}` }).click();
      await page.getByRole("menuitem", { name: "Restart" }).click();
      await page.getByText("ada has been deploying").waitFor();
    },
  },
  {
    name: "deployment",
    path: "/deployments",
    open: async (page) => {
      await page.getByRole("button", { name: search }).click();
      await page.getByText("bigger index").waitFor();
    },
  },
  {
    name: "job-run",
    path: "/jobs/shop.backup",
    open: async (page) => {
      await page.getByRole("button", { name: "20260314023000x7Yz1", exact: true }).click();
      await page.getByText("Command exited with status 3").waitFor();
    },
  },
  {
    name: "job-delete",
    path: "/jobs/shop.export",
    open: async (page) => {
      await page.getByRole("button", { name: "More actions" }).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await page.getByLabel("Type shop.export to confirm").fill("shop.export");
    },
  },
  {
    name: "audit-record",
    path: "/audit",
    open: async (page) => {
      await page.getByRole("button", { name: "/shop/cart" }).click();
      await page.getByText("/env/CACHE").waitFor();
    },
  },
  {
    name: "drain",
    path: "/nodes/8f6e2c1a-71c4-4d0e-9a51-000000000002",
    open: async (page) => {
      await page.getByRole("button", { name: "Actions" }).click();
      await page.getByRole("menuitem", { name: "Drain" }).click();
      await page.getByText(/^Other nodes have/).waitFor();
    },
  },
  {
    name: "account-menu",
    path: "/nodes",
    open: async (page) => {
      await page.getByRole("button", { name: "Account menu" }).click();
      await page.getByRole("menuitem", { name: "Log out" }).waitFor();
    },
  },
  {
    name: "shortcuts",
    path: "/nodes",
    open: async (page) => {
      await page.locator("main").press("?");
      await page.getByText("Search everything").waitFor();
    },
  },
];

describe.skipIf(browserPath === undefined)("what opens over a page", { timeout: 240_000 }, () => {
  let browser: Browser;
  let server: ScenarioServer;
  beforeAll(async () => {
    browser = await startBrowser();
    server = await startScenarioServer({ ...shopScenario, lockedBy: "d-41" });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it.each(overlays)("$name", async ({ name, path, open }) => {
    const found: string[] = [];
    const look = await openLook(browser, "en");
    const { context, page } = look;
    page.setDefaultTimeout(60_000);
    for (const shape of shapes) {
      // Anew, so that nothing is open.
      await page.goto("about:blank");
      await visit(page, server.url, path);
      await turn(page, shape);
      await open(page);
      found.push(
        ...(await judgeShape(look, `${name}-over`, { language: "en", ...shape, isJudgedByAxe: true })),
      );
    }
    await context.close();
    expect(found).toEqual([]);
  });
});
