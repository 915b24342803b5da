import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PersistentDisk } from "#domain/definitions/persistent.ts";
import { type Entry, parseResources } from "#domain/resources/index.ts";
import { chooseDisks, type WantedDisk, wantedDiskOf } from "./disk-choice.ts";

interface DiskFields {
  readonly type: "PATH" | "MOUNT";
  readonly root: string;
  readonly size: number;
  readonly profile?: string;
}

const offered = (disks: readonly DiskFields[]): readonly Entry[] =>
  parseResources(
    disks.map(({ type, root, size, profile }) => ({
      name: "disk",
      type: "SCALAR",
      scalar: { value: size },
      disk: {
        source: {
          type,
          ...(type === "PATH" ? { path: { root } } : { mount: { root } }),
          ...(profile === undefined ? {} : { profile }),
        },
      },
    })),
  ).entries;
const wanted = (wishes: readonly PersistentDisk[]): readonly WantedDisk[] =>
  wishes.flatMap((wish) => wantedDiskOf(wish) ?? []);
/** `root size` of each. */
const chosen = (wishes: readonly PersistentDisk[], disks: readonly DiskFields[]) =>
  chooseDisks(wanted(wishes), offered(disks))?.map(({ disk, amount }) => {
    const root = disk?.source?.path?.root ?? disk?.source?.mount?.root ?? "";
    return `${root} ${amount.kind === "scalar" ? amount.millis / 1_000 : ""}`;
  });

const path = (root: string, size: number, profile?: string): DiskFields => ({
  type: "PATH",
  root,
  size,
  ...(profile === undefined ? {} : { profile }),
});
const mount = (root: string, size: number, profile?: string): DiskFields => ({
  ...path(root, size, profile),
  type: "MOUNT",
});

describe("the disks of an instance", () => {
  it.each<[string, PersistentDisk[], DiskFields[], string[] | undefined]>([
    ["none", [{ type: "root", size: 5 }], [path("/a", 9)], []],
    ["a part of the largest", [{ type: "path", size: 5 }], [path("/a", 9), path("/b", 20)], ["/b 5"]],
    ["never a MOUNT disk in part", [{ type: "path", size: 5 }], [mount("/m", 90)], undefined],
    [
      "one disk for two, while it has the most room",
      [
        { type: "path", size: 5 },
        { type: "path", size: 6 },
      ],
      [path("/a", 9), path("/b", 20)],
      ["/b 5", "/b 6"],
    ],
    [
      "another one, where the first leaves no room for the other volume",
      [
        { type: "path", size: 5 },
        { type: "path", size: 8, constraints: [["path", "LIKE", "/b"]] },
        { type: "path", size: 9 },
      ],
      [path("/a", 15), path("/b", 16)],
      ["/b 5", "/b 8", "/a 9"],
    ],
    [
      "the smallest that fits, whole",
      [{ type: "mount", size: 5 }],
      [mount("/a", 90), mount("/b", 7), mount("/c", 4)],
      ["/b 7"],
    ],
    ["no larger one than is allowed", [{ type: "mount", size: 5, maxSize: 6 }], [mount("/b", 7)], undefined],
    ["one as large as is allowed", [{ type: "mount", size: 5, maxSize: 7 }], [mount("/b", 7)], ["/b 7"]],
    [
      "each its own",
      [
        { type: "mount", size: 5 },
        { type: "mount", size: 6 },
      ],
      [mount("/a", 7), mount("/b", 8)],
      ["/b 8", "/a 7"],
    ],
    [
      "each its own, though the smallest would do for both",
      [
        { type: "mount", size: 6 },
        { type: "mount", size: 5, constraints: [["path", "LIKE", "/a"]] },
      ],
      [mount("/a", 7), mount("/b", 8)],
      ["/b 8", "/a 7"],
    ],
    [
      "none, when there is one too few",
      [
        { type: "mount", size: 5 },
        { type: "mount", size: 6 },
      ],
      [mount("/a", 7)],
      undefined,
    ],
    [
      "only of the profile",
      [{ type: "mount", size: 5, profileName: "ssd" }],
      [mount("/a", 7), mount("/b", 8, "hdd"), mount("/c", 9, "ssd")],
      ["/c 9"],
    ],
    [
      "none with a profile for who names none",
      [{ type: "path", size: 5 }],
      [path("/a", 7, "ssd")],
      undefined,
    ],
    [
      "not where it is not wanted",
      [{ type: "path", size: 5, constraints: [["path", "UNLIKE", "/slow.*"]] }],
      [path("/slow/1", 70), path("/fast", 7)],
      ["/fast 5"],
    ],
    [
      "of both kinds at once, in the order of the volumes",
      [
        { type: "mount", size: 5 },
        { type: "path", size: 4 },
      ],
      [path("/p", 70), mount("/m", 7)],
      ["/m 7", "/p 4"],
    ],
  ])("are %s", (_name, wishes, disks, expected) => {
    expect(chosen(wishes, disks)).toEqual(expected);
  });

  const anyWish = fc.record({
    type: fc.constantFrom("path" as const, "mount" as const),
    size: fc.integer({ min: 1, max: 6 }),
    constraints: fc.constantFrom([], [["path", "LIKE", "/[ab]"]], [["path", "UNLIKE", "/a"]]),
  });
  const anyDisk = fc.record({
    type: fc.constantFrom("PATH" as const, "MOUNT" as const),
    root: fc.constantFrom("/a", "/b", "/c", "/d"),
    size: fc.integer({ min: 1, max: 9 }),
  });

  it("are found exactly when there is any way at all, are there, and are what each volume wished for", () => {
    fc.assert(
      fc.property(
        fc.array(anyWish, { maxLength: 4 }),
        fc.uniqueArray(anyDisk, { maxLength: 4, selector: ({ root }) => root }),
        (wishes, disks) => {
          const entries = offered(disks);
          const found = chooseDisks(wanted(wishes), entries);
          expect(found !== undefined).toBe(isPossible(wanted(wishes), entries, new Map()));
          if (found === undefined) return;
          expect(found).toHaveLength(wishes.length);
          const left = new Map(entries.map((entry) => [entry.key, millisOf(entry)]));
          for (const [index, entry] of found.entries()) {
            const wish = wanted(wishes)[index];
            const whole = entries.find(({ key }) => key === entry.key);
            expect(wish !== undefined && whole !== undefined && suits(wish, whole)).toBe(true);
            expect(millisOf(entry)).toBe(wish?.type === "mount" ? millisOf(whole) : wish?.millis);
            left.set(entry.key, (left.get(entry.key) ?? 0) - millisOf(entry));
          }
          expect([...left.values()].every((millis) => millis >= 0)).toBe(true);
        },
      ),
    );
  });
});

const millisOf = (entry: Entry | undefined): number =>
  entry?.amount.kind === "scalar" ? entry.amount.millis : 0;

function suits({ type, acceptsRoot }: WantedDisk, { disk }: Entry): boolean {
  const source = disk?.source;
  return source?.type === type.toUpperCase() && acceptsRoot(source.path?.root ?? source.mount?.root ?? "");
}

/** Every way, plainly. */
function isPossible(
  [first, ...rest]: readonly WantedDisk[],
  entries: readonly Entry[],
  used: ReadonlyMap<string, number>,
): boolean {
  if (first === undefined) return true;
  return entries.some((entry) => {
    const left = millisOf(entry) - (used.get(entry.key) ?? 0);
    if (!suits(first, entry) || left < first.millis) return false;
    const taken = first.type === "mount" ? left : first.millis;
    return isPossible(rest, entries, new Map([...used, [entry.key, (used.get(entry.key) ?? 0) + taken]]));
  });
}
