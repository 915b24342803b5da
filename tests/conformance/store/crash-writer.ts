/** Writes to an embedded store as fast as it can and prints each key once it was acknowledged. */
import { writeSync } from "node:fs";
import { openEmbeddedStore } from "#foundation/store/index.ts";

const [path = "", round = "0", maxText = "Infinity"] = process.argv.slice(2);
const writersAtOnce = 8;
const commitsMax = Number(maxText);

const store = await openEmbeddedStore({ path });
writeSync(1, "open\n");
let nextKey = 0;

async function write(): Promise<void> {
  while (nextKey < commitsMax) {
    const key = `round-${round}/${nextKey}`;
    nextKey += 1;
    // Two keys at once: a batch is there whole or not at all.
    const value = { key, filler: "x".repeat(nextKey % 2_000) };
    await store.commit([
      { kind: "put", key: `${key}/a`, value },
      { kind: "put", key: `${key}/b`, value },
    ]);
    writeSync(1, `${key}\n`);
  }
}

await Promise.all(Array.from({ length: writersAtOnce }, write));
await store.close();
writeSync(1, "done\n");
