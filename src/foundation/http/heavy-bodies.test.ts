/** Large bodies take turns; small ones never wait. */
import { expect, it } from "vitest";
import { HeavyBodies } from "./heavy-bodies.ts";

const megabyte = 1_048_576;
const settle = (): Promise<void> => new Promise(setImmediate);

/** Requests whose handlers end when the test says so. */
function world(bounds: { readonly handledBytesMax: number; readonly waitingBytesMax: number }) {
  const bodies = new HeavyBodies(bounds);
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const send = (name: string, bytes: number): Promise<string> => {
    ends.set(name, Promise.withResolvers());
    return bodies.inTurn(bytes, async () => {
      begun.push(name);
      await ends.get(name)?.promise;
      return name;
    });
  };
  return {
    begun,
    send,
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  };
}

it("as many are handled at once as fit, in the order in which they came, and small ones beside them", async () => {
  const { begun, send, end, fail } = world({
    handledBytesMax: 2 * megabyte,
    waitingBytesMax: 100 * megabyte,
  });
  const answers = [
    send("a", megabyte),
    send("b", megabyte),
    send("large", 8 * megabyte),
    send("c", megabyte),
  ];
  answers.push(send("small", 1_000));
  const settled = Promise.allSettled(answers);
  await settle();
  expect(begun).toEqual(["a", "b", "small"]);
  end("a");
  await settle();
  // Not even one that would fit goes before one that came first.
  expect(begun).toEqual(["a", "b", "small"]);
  fail("b");
  await settle();
  expect(begun).toEqual(["a", "b", "small", "large"]);
  end("large");
  await settle();
  expect(begun).toEqual(["a", "b", "small", "large", "c"]);
  for (const name of ["c", "small"]) end(name);
  expect((await settled).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
});

it("what would wait beyond the bound is refused, and what is refused costs nothing", async () => {
  const { begun, send, end } = world({ handledBytesMax: megabyte, waitingBytesMax: 2 * megabyte });
  const taken = [send("a", megabyte), send("b", megabyte), send("c", megabyte)];
  await expect(send("d", megabyte)).rejects.toMatchObject({ code: "Overloaded" });
  for (const name of ["a", "b", "c"]) {
    end(name);
    await settle();
  }
  expect(await Promise.all(taken)).toEqual(["a", "b", "c"]);
  const later = send("d", megabyte);
  end("d");
  expect(await later).toBe("d");
  expect(begun).toEqual(["a", "b", "c", "d"]);
});
