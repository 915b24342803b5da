/** Commits one after the other and tells how often a timer of the main thread fired meanwhile. */
import { openEmbeddedStore } from "#foundation/store/index.ts";

const [path = "", commitsText = "1"] = process.argv.slice(2);
const tickMs = 5;

const store = await openEmbeddedStore({ path });
let ticks = 0;
const timer = setInterval(() => {
  ticks += 1;
}, tickMs);
const startedAt = performance.now();
for (let index = 0; index < Number(commitsText); index += 1) {
  await store.commit([{ kind: "put", key: `k${index}`, value: index }]);
}
const elapsedMs = performance.now() - startedAt;
clearInterval(timer);
await store.close();
console.log(JSON.stringify({ elapsedMs, ticks }));
