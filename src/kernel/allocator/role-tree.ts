/**
 * The order in which roles, and frameworks within a role, are offered resources: hierarchical dominant
 * resource fairness.
 *
 * Each node of the role tree holds what is allocated below it; siblings are kept sorted by dominant share over
 * weight, then by the number of allocations, then by name. A role that frameworks subscribe to has a leaf with
 * its frameworks, so that it competes with its own children. One allocation moves one entry on each level.
 * Source: Mesos, DRF sorter (contract mesos.md section 5.3).
 */
import type { Resources } from "#domain/resources/index.ts";

/** A framework in one role: what the sorter orders within a leaf. */
export interface Client {
  readonly frameworkId: string;
  readonly role: string;
  readonly leaf: Leaf;
  readonly usage: Usage;
  /** Subscribed, connected and not suppressed. */
  active: boolean;
  share: number;
}

interface Leaf {
  readonly kind: "leaf";
  readonly node: RoleNode;
  readonly clients: Map<string, Client>;
  order: Client[];
  /** Usage of the role itself, without its children. */
  readonly usage: Usage;
  share: number;
  activeClients: number;
}

interface RoleNode {
  readonly kind: "node";
  readonly path: string;
  readonly parent: RoleNode | undefined;
  readonly children: Map<string, RoleNode>;
  readonly usage: Usage;
  weight: number;
  leaf: Leaf | undefined;
  /** Children and leaf, least served first. */
  order: Sibling[];
  share: number;
  activeClients: number;
  /** Nobody is in the role any more; what a framework that left still gives back counts for nobody's turn. */
  isPruned: boolean;
}

type Sibling = RoleNode | Leaf;

/** Of more weights at once than this, all roles are put in order by whoever asks next, instead of each role by itself. */
const placedOneByOneMax = 64;

/** Allocated scalars in thousandths by name, and how often something was allocated. */
class Usage {
  readonly millis = new Map<string, number>();
  allocations = 0;

  add(resources: Resources): void {
    this.allocations += 1;
    this.#change(resources, 1);
  }

  remove(resources: Resources): void {
    this.#change(resources, -1);
  }

  #change(resources: Resources, sign: 1 | -1): void {
    for (const { name, amount } of resources.entries) {
      if (amount.kind === "scalar")
        this.millis.set(name, (this.millis.get(name) ?? 0) + sign * amount.millis);
    }
  }

  shareOf(totals: ReadonlyMap<string, number>): number {
    let share = 0;
    for (const [name, used] of this.millis) {
      const total = totals.get(name) ?? 0;
      if (total > 0) share = Math.max(share, used / total);
    }
    return share;
  }
}

export class RoleTree {
  readonly #root = makeNode("", undefined);
  readonly #weights = new Map<string, number>();
  readonly #totals = new Map<string, number>();
  readonly #excludedNames: ReadonlySet<string>;
  /** Totals changed: every share is stale. */
  #stale = false;

  /** Quantities of these names never count for a share. */
  constructor(excludedNames: readonly string[] = []) {
    this.#excludedNames = new Set(excludedNames);
  }

  addTotal(resources: Resources, sign: 1 | -1): void {
    for (const { name, amount } of resources.entries) {
      if (amount.kind === "scalar" && !this.#excludedNames.has(name))
        this.#totals.set(name, (this.#totals.get(name) ?? 0) + sign * amount.millis);
    }
    this.#stale = true;
  }

  setWeights(weights: ReadonlyMap<string, number>): void {
    if (weights.size > placedOneByOneMax) this.#stale = true;
    for (const [role, weight] of weights) {
      this.#weights.set(role, weight);
      const node = this.#find(role);
      if (node === undefined) continue;
      const order = node.parent?.order ?? [];
      if (!this.#stale) take(order, node, compareSiblings);
      node.weight = weight;
      if (!this.#stale) this.#insertNode(order, node);
    }
  }

  weightOf(role: string): number {
    return this.#weights.get(role) ?? 1;
  }

  addClient(frameworkId: string, role: string, active: boolean): Client {
    const leaf = this.#leafOf(role);
    const client: Client = { frameworkId, role, leaf, usage: new Usage(), active: false, share: 0 };
    leaf.clients.set(frameworkId, client);
    insert(leaf.order, client, compareClients);
    this.setActive(client, active);
    return client;
  }

  /** What the client still holds stops counting. */
  removeClient(client: Client): void {
    this.setActive(client, false);
    const { leaf } = client;
    leaf.clients.delete(client.frameworkId);
    take(leaf.order, client, compareClients);
    if (leaf.clients.size === 0) this.#prune(leaf);
  }

  setActive(client: Client, active: boolean): void {
    if (client.active === active) return;
    client.active = active;
    const change = active ? 1 : -1;
    client.leaf.activeClients += change;
    for (let node: RoleNode | undefined = client.leaf.node; node !== undefined; node = node.parent) {
      node.activeClients += change;
    }
  }

  allocated(client: Client, resources: Resources): void {
    this.#account(client, (usage) => usage.add(resources));
  }

  recovered(client: Client, resources: Resources): void {
    this.#account(client, (usage) => usage.remove(resources));
  }

  /**
   * Shows active clients in order until `visit` answers true. Answers whether one did. Top-level roles that are not
   * admitted are passed over.
   */
  visit(visit: (client: Client) => boolean, admits: (topRole: string) => boolean = () => true): boolean {
    if (this.#stale) this.#refresh();
    for (const sibling of this.#root.order) {
      if (sibling.kind === "node" && sibling.activeClients > 0 && admits(sibling.path)) {
        if (visitNode(sibling, visit)) return true;
      }
    }
    return false;
  }

  /** Every framework of a role and of those below it. */
  *clientsBelow(role: string): Generator<Client> {
    const node = this.#find(role);
    if (node !== undefined) yield* clientsOf(node);
  }

  /** How many active frameworks come before this one, in any role. */
  aheadOf(client: Client): number {
    let ahead = 0;
    const isFound = this.visit((other) => {
      if (other === client) return true;
      ahead += 1;
      return false;
    });
    return isFound ? ahead : 0;
  }

  /** Dominant share of a role with everything below it. */
  shareOf(role: string): number {
    if (this.#stale) this.#refresh();
    return this.#find(role)?.share ?? 0;
  }

  /** Millis allocated to a role with everything below it. */
  usageOf(role: string): ReadonlyMap<string, number> {
    return this.#find(role)?.usage.millis ?? new Map();
  }

  #account(client: Client, change: (usage: Usage) => void): void {
    const { leaf } = client;
    // Taken out while they are where their shares say, so that each is found without a look at all others.
    if (!this.#stale) this.#takeOut(client);
    change(client.usage);
    change(leaf.usage);
    for (let node: RoleNode | undefined = leaf.node; node !== undefined; node = node.parent)
      change(node.usage);
    if (!this.#stale) this.#putBack(client);
  }

  #takeOut(client: Client): void {
    const { leaf } = client;
    take(leaf.order, client, compareClients);
    take(leaf.node.order, leaf, compareSiblings);
    for (let node = leaf.node; node.parent !== undefined; node = node.parent)
      take(node.parent.order, node, compareSiblings);
  }

  #putBack(client: Client): void {
    const { leaf } = client;
    client.share = client.usage.shareOf(this.#totals);
    if (leaf.clients.get(client.frameworkId) === client) insert(leaf.order, client, compareClients);
    leaf.share = leaf.usage.shareOf(this.#totals);
    if (leaf.node.leaf === leaf) insert<Sibling>(leaf.node.order, leaf, compareSiblings);
    for (let node = leaf.node; node.parent !== undefined; node = node.parent)
      if (!node.isPruned) this.#insertNode(node.parent.order, node);
  }

  /** Where its share belongs among its siblings. */
  #insertNode(order: Sibling[], node: RoleNode): void {
    node.share = node.usage.shareOf(this.#totals) / node.weight;
    insert(order, node, compareSiblings);
  }

  #refresh(): void {
    this.#stale = false;
    const refresh = (node: RoleNode): void => {
      node.share = node.usage.shareOf(this.#totals) / node.weight;
      for (const child of node.children.values()) refresh(child);
      if (node.leaf !== undefined) {
        node.leaf.share = node.leaf.usage.shareOf(this.#totals);
        for (const client of node.leaf.order) client.share = client.usage.shareOf(this.#totals);
        node.leaf.order.sort(compareClients);
      }
      node.order.sort(compareSiblings);
    };
    refresh(this.#root);
  }

  #find(role: string): RoleNode | undefined {
    let node: RoleNode | undefined = this.#root;
    for (const part of role.split("/")) node = node?.children.get(part);
    return node;
  }

  #leafOf(role: string): Leaf {
    let node = this.#root;
    for (const part of role.split("/")) {
      let child = node.children.get(part);
      if (child === undefined) {
        const path: string = node.path === "" ? part : `${node.path}/${part}`;
        child = makeNode(path, node);
        child.weight = this.weightOf(path);
        node.children.set(part, child);
        insert<Sibling>(node.order, child, compareSiblings);
      }
      node = child;
    }
    if (node.leaf === undefined) {
      const [clients, usage] = [new Map<string, Client>(), new Usage()];
      node.leaf = { kind: "leaf", node, clients, order: [], usage, share: 0, activeClients: 0 };
      insert<Sibling>(node.order, node.leaf, compareSiblings);
    }
    return node.leaf;
  }

  /** Removes a leaf without clients, and the nodes above that held nothing else. */
  #prune(leaf: Leaf): void {
    let node = leaf.node;
    node.leaf = undefined;
    take<Sibling>(node.order, leaf, compareSiblings);
    while (node.parent !== undefined && node.leaf === undefined && node.children.size === 0) {
      const { parent } = node;
      node.isPruned = true;
      parent.children.delete(node.path.slice(node.path.lastIndexOf("/") + 1));
      take<Sibling>(parent.order, node, compareSiblings);
      node = parent;
    }
  }
}

function makeNode(path: string, parent: RoleNode | undefined): RoleNode {
  return {
    kind: "node",
    path,
    parent,
    children: new Map(),
    usage: new Usage(),
    weight: 1,
    leaf: undefined,
    order: [],
    share: 0,
    activeClients: 0,
    isPruned: false,
  };
}

function visitNode(node: RoleNode, visit: (client: Client) => boolean): boolean {
  for (const sibling of node.order) {
    if (sibling.kind === "node") {
      if (sibling.activeClients > 0 && visitNode(sibling, visit)) return true;
      continue;
    }
    for (const client of sibling.order) if (client.active && visit(client)) return true;
  }
  return false;
}

function* clientsOf(node: RoleNode): Generator<Client> {
  if (node.leaf !== undefined) yield* node.leaf.clients.values();
  for (const child of node.children.values()) yield* clientsOf(child);
}

function compareClients(one: Client, other: Client): number {
  return (
    one.share - other.share ||
    one.usage.allocations - other.usage.allocations ||
    compareText(one.frameworkId, other.frameworkId)
  );
}

function compareSiblings(one: Sibling, other: Sibling): number {
  return (
    one.share - other.share ||
    one.usage.allocations - other.usage.allocations ||
    compareText(nameOf(one), nameOf(other))
  );
}

const nameOf = (sibling: Sibling): string =>
  sibling.kind === "node" ? sibling.path : `${sibling.node.path}/.`;

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

type Compare<Item> = (one: Item, other: Item) => number;

/** How many of the items, which are in order, come before this one or are in its place. */
function placesUpTo<Item>(items: readonly Item[], item: Item, compare: Compare<Item>): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(items[middle] as Item, item) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert<Item>(items: Item[], item: Item, compare: Compare<Item>): void {
  items.splice(placesUpTo(items, item, compare), 0, item);
}

/** It is where its share says, unless shares are stale. */
function take<Item>(items: Item[], item: Item, compare: Compare<Item>): void {
  const place = placesUpTo(items, item, compare) - 1;
  const index = items[place] === item ? place : items.indexOf(item);
  if (index !== -1) items.splice(index, 1);
}
