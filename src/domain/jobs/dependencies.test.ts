import { describe, expect, it } from "vitest";
import { dependencyProblem, dependentsOf } from "./index.ts";

const job = (id: string, ...parents: readonly string[]): { id: string; dependencies: { id: string }[] } => ({
  id,
  dependencies: parents.map((parent) => ({ id: parent })),
});
const among =
  (...jobs: readonly ReturnType<typeof job>[]) =>
  (id: string): ReturnType<typeof job> | undefined =>
    jobs.find((one) => one.id === id);

describe("dependencies of jobs", () => {
  it("are fine when every parent is there and no way leads back", () => {
    expect(dependencyProblem(job("c", "a", "b"), among(job("a"), job("b", "a")))).toBeUndefined();
  });

  it("name each job that does not exist", () => {
    expect(dependencyProblem(job("c", "a", "x", "y"), among(job("a")))).toBe(
      "job c depends on x, y, which do not exist",
    );
  });

  it("tell the way that leads back", () => {
    expect(dependencyProblem(job("a", "c"), among(job("a"), job("b", "a"), job("c", "b")))).toBe(
      "dependencies of jobs go in a circle: a -> c -> b -> a",
    );
  });

  it("are found in a chain of thousands", () => {
    const chain = new Map<string, ReturnType<typeof job>>(
      Array.from({ length: 20_000 }, (_, index) => [`j${index}`, job(`j${index}`, `j${index + 1}`)]),
    );
    chain.set("j20000", job("j20000"));
    expect(dependencyProblem(job("new", "j0"), (id) => chain.get(id))).toBeUndefined();
    expect(dependencyProblem(job("j20000", "j0"), (id) => chain.get(id))).toContain("circle");
  });

  it("are known from the other side too", () => {
    expect(dependentsOf("a", [job("a"), job("b", "a"), job("c", "b")])).toEqual(["b"]);
  });
});
