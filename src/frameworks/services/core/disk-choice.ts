/**
 * Which of the offered disks the volumes of an instance go on that ask for others than the agent's own. A part of a PATH
 * disk: of that with the most room. A MOUNT disk as a whole: the smallest that will do. What was taken first is taken back
 * where it leaves the next volume without a disk.
 * Source: contract marathon.md section 13.
 */
import type { PersistentDisk } from "#domain/definitions/persistent.ts";
import { compileConstraint } from "#domain/placement/constraints.ts";
import { Spread } from "#domain/placement/spread.ts";
import { type Entry, withAmount } from "#domain/resources/index.ts";

export interface WantedDisk {
  readonly type: "path" | "mount";
  /** Thousandths of MiB. */
  readonly millis: number;
  readonly maxMillis: number;
  readonly profile: string | undefined;
  readonly acceptsRoot: (root: string) => boolean;
}

/** Undefined: the agent's own disk is wished for. */
export function wantedDiskOf({
  type,
  size,
  maxSize,
  profileName,
  constraints = [],
}: PersistentDisk): WantedDisk | undefined {
  if (type === "root") return undefined;
  const compiled = constraints.map(compileConstraint);
  const nobody = { instances: 0, spread: new Spread() };
  return {
    type,
    millis: size * 1_000,
    maxMillis: maxSize === undefined ? Number.POSITIVE_INFINITY : maxSize * 1_000,
    profile: profileName,
    acceptsRoot: (root) => compiled.every((constraint) => constraint.accepts(root, nobody)),
  };
}

/** Ways that are tried: what needs more is as good as not there. */
const triesMax = 1_000;

/** Of each what it gets, in the order in which they are wanted; undefined when one of them gets none. */
export function chooseDisks(
  wanted: readonly WantedDisk[],
  offered: readonly Entry[],
): readonly Entry[] | undefined {
  if (wanted.length === 0) return [];
  const chosen = new Map<WantedDisk, Entry>();
  for (const type of ["path", "mount"] as const) {
    const largestFirst = wanted
      .filter((each) => each.type === type)
      .sort((one, other) => other.millis - one.millis);
    const disks = offered.flatMap((entry): readonly Disk[] =>
      entry.disk?.source?.type === type.toUpperCase() && entry.amount.kind === "scalar"
        ? [{ entry, left: entry.amount.millis }]
        : [],
    );
    if (!place(largestFirst, disks, chosen, { tries: triesMax })) return undefined;
  }
  return wanted.flatMap((each) => chosen.get(each) ?? []);
}

interface Disk {
  readonly entry: Entry;
  left: number;
}

function place(
  [first, ...rest]: readonly WantedDisk[],
  disks: readonly Disk[],
  chosen: Map<WantedDisk, Entry>,
  budget: { tries: number },
): boolean {
  if (first === undefined) return true;
  for (const disk of candidates(first, disks)) {
    budget.tries -= 1;
    if (budget.tries < 0) return false;
    const { entry, left } = disk;
    const millis = first.type === "mount" ? left : first.millis;
    chosen.set(first, withAmount(entry, { kind: "scalar", millis }));
    disk.left = left - millis;
    if (place(rest, disks, chosen, budget)) return true;
    disk.left = left;
  }
  return false;
}

function candidates(wanted: WantedDisk, disks: readonly Disk[]): readonly Disk[] {
  const { type, millis, maxMillis } = wanted;
  return disks
    .filter(
      ({ entry, left }) =>
        left >= millis && (type === "path" || left <= maxMillis) && isOfKind(wanted, entry),
    )
    .sort((one, other) => (type === "path" ? other.left - one.left : one.left - other.left));
}

function isOfKind({ profile, acceptsRoot }: WantedDisk, { disk }: Entry): boolean {
  const source = disk?.source;
  return source?.profile === profile && acceptsRoot(source?.path?.root ?? source?.mount?.root ?? "");
}

/** `MOUNT /mnt/a 100` */
export function diskText({ disk, amount }: Entry): string {
  const source = disk?.source;
  const root = source?.path?.root ?? source?.mount?.root ?? "";
  const size = amount.kind === "scalar" ? amount.millis / 1_000 : 0;
  return [source?.type, root, size, source?.profile].filter((each) => each !== undefined).join(" ");
}

/** `mount 40-60 MiB ssd path LIKE /mnt/.*` */
export function wishText({ type, size, maxSize, profileName, constraints = [] }: PersistentDisk): string {
  const span = maxSize === undefined ? `${size}` : `${size}-${maxSize}`;
  return [type, span, "MiB", profileName, ...constraints.flat()]
    .filter((each) => each !== undefined)
    .join(" ");
}
