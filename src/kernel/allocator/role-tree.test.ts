import { describe, expect, it } from "vitest";
import { parseResourcesText } from "#domain/resources/index.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { type Client, RoleTree } from "./role-tree.ts";

const parents = ["", "a/", "b/"];

/** Roles on two levels, with a client each that holds something. */
function grown(
  seed: number,
  roles: number,
): { readonly tree: RoleTree; readonly clients: readonly Client[] } {
  const random = seededRandom(seed);
  const tree = new RoleTree();
  tree.addTotal(parseResourcesText("cpus:1000;mem:100000"), 1);
  const clients = Array.from({ length: roles }, (_, index) =>
    tree.addClient(`f-${index}`, `${parents[index % parents.length]}r-${index}`, true),
  );
  orderOf(tree);
  for (let step = 0; step < roles * 3; step += 1) {
    const client = clients[random.below(roles)];
    if (client === undefined) continue;
    tree.allocated(client, parseResourcesText(`cpus:${1 + random.below(4)};mem:${random.below(300)}`));
  }
  return { tree, clients };
}

function orderOf(tree: RoleTree): readonly string[] {
  const order: string[] = [];
  tree.visit(({ frameworkId }) => {
    order.push(frameworkId);
    return false;
  });
  return order;
}

/** What the order is when everything is put in its place anew. */
function orderAnew(tree: RoleTree): readonly string[] {
  tree.addTotal(parseResourcesText(""), 1);
  return orderOf(tree);
}

describe("the order of roles", () => {
  it.each([1, 2, 3, 4, 5])("is kept by each change as if all were put in order anew (seed %i)", (seed) => {
    const { tree, clients } = grown(seed, 60);
    expect(orderOf(tree)).toEqual(orderAnew(tree));
    for (const [index, client] of clients.entries()) {
      if (index % 4 === 0) tree.recovered(client, parseResourcesText("cpus:1"));
      if (index % 7 === 0) tree.removeClient(client);
    }
    expect(orderOf(tree)).toEqual(orderAnew(tree));
  });

  it.each([1, 100])("is the same whether %i weights are set one by one or at once", (count) => {
    const [one, other] = [grown(9, 120), grown(9, 120)];
    const random = seededRandom(4);
    const weights = new Map(
      Array.from({ length: count }, () => {
        const index = random.below(120);
        return [`${parents[index % parents.length]}r-${index}`, 1 + random.below(9)];
      }),
    );
    const before = orderOf(one.tree);
    for (const weight of weights) one.tree.setWeights(new Map([weight]));
    other.tree.setWeights(weights);
    expect(orderOf(one.tree)).toEqual(orderOf(other.tree));
    expect(orderOf(one.tree)).not.toEqual(before);
  });
});
