/** Commits one after the other until one fails, and tells how that went and how often a timer fired meanwhile. */
import { hasCode } from "#foundation/base/errors.ts";
import { openEmbeddedStore } from "#foundation/store/index.ts";

const [path = "", commitsText = "1"] = process.argv.slice(2);
const tickMs = 5;

let lost = 0;
const store = await openEmbeddedStore({
  path,
  onLost: () => {
    lost += 1;
  },
});
let ticks = 0;
const timer = setInterval(() => {
  ticks += 1;
}, tickMs);

const codeOf = (error: unknown): string =>
  ["StorageFailed", "Overloaded", "Conflict", "Invalid"].find((code) => hasCode(error, code)) ??
  String(error);
const put = async (index: number): Promise<string | undefined> => {
  try {
    await store.commit([{ kind: "put", key: `k${index}`, value: "x".repeat(5_000) }]);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
};

const startedAt = performance.now();
let acked = 0;
let failure: string | undefined;
while (acked < Number(commitsText) && failure === undefined) {
  failure = await put(acked);
  if (failure === undefined) acked += 1;
}
const elapsedMs = performance.now() - startedAt;
const afterwards = failure === undefined ? [] : [await put(acked), await put(acked + 1)];
clearInterval(timer);
await store.close();
console.log(JSON.stringify({ acked, elapsedMs, ticks, failure, afterwards, lost }));
