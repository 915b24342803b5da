import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listWindow } from "./list-window.ts";

interface Item {
  readonly id: string;
}

function windowOf(items: readonly Item[], search: string) {
  return listWindow({ path: "/v2/apps", query: new URLSearchParams(search) }, items, {
    idOf: ({ id }) => id,
    show: (item) => item,
  });
}

const web = {
  id: "/web",
  cmd: "serve",
  labels: { owner: "shop", "tier.name": "front" },
  healthChecks: [
    { protocol: "HTTP", path: "/" },
    { protocol: "TCP", portIndex: 1 },
  ],
};

describe("fields of a list's items", () => {
  it.each([
    ["keelson.fields=id", { id: "/web" }],
    ["keelson.fields=id,cmd", { id: "/web", cmd: "serve" }],
    ["keelson.fields=id&keelson.fields=cmd", { id: "/web", cmd: "serve" }],
    ["keelson.fields=labels.owner", { labels: { owner: "shop" } }],
    ["keelson.fields=labels.tier.name", { labels: { "tier.name": "front" } }],
    ["keelson.fields=labels,labels.owner", { labels: web.labels }],
    ["keelson.fields=healthChecks.path", { healthChecks: [{ path: "/" }, {}] }],
    ["keelson.fields=nothing", {}],
    ["", web],
  ])("%s", (search, expected) => {
    expect(windowOf([web], search)).toEqual({ items: [expected], headers: {} });
  });
});

describe("a window", () => {
  const items = ["/c", "/a", "/b"].map((id) => ({ id }));

  it("is of the list in the order of ids, with how many there are and where the next is", () => {
    expect(windowOf(items, "keelson.limit=2&label=a")).toEqual({
      items: [{ id: "/a" }, { id: "/b" }],
      headers: {
        "keelson-total": "3",
        link: '</v2/apps?keelson.limit=2&label=a&keelson.offset=2>; rel="next"',
      },
    });
    expect(windowOf(items, "keelson.limit=2&keelson.offset=2")).toEqual({
      items: [{ id: "/c" }],
      headers: { "keelson-total": "3" },
    });
    expect(windowOf(items, "keelson.offset=7").items).toEqual([]);
  });

  it("that nobody asked for is the whole list as it was", () => {
    expect(windowOf(items, "limit=1&offset=1")).toEqual({ items, headers: {} });
  });

  it("after window has each item once", () => {
    const ids = fc.uniqueArray(fc.string(), { maxLength: 30 });
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 10 }), (all, limit) => {
        const found: unknown[] = [];
        let search: string | undefined = `keelson.limit=${limit}`;
        while (search !== undefined) {
          const { items: page, headers } = windowOf(
            all.map((id) => ({ id })),
            search,
          );
          found.push(...page);
          search = /\?(.*)>/.exec(headers["link"] ?? "")?.[1];
        }
        expect(found).toEqual([...all].sort().map((id) => ({ id })));
      }),
    );
  });

  it.each([
    ["keelson.limit=0", 'keelson.limit wants a whole number from 1 to 10000, not "0"'],
    ["keelson.limit=20000", "keelson.limit wants"],
    ["keelson.offset=-1", "keelson.offset wants"],
    ["keelson.limit=", "keelson.limit wants"],
    ["keelson.fields=", "keelson.fields wants names of fields"],
    ["keelson.fields=a..b", "keelson.fields wants names of fields"],
  ])("%s is refused with what it may be", (search, problem) => {
    expect(() => windowOf([], search)).toThrow(problem);
  });
});
