/** Writes to an embedded store as fast as it can and prints each key once it was acknowledged. */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openEmbeddedStore } from "#foundation/store/index.ts";

const [path = "", round = "0", maxText = "Infinity"] = process.argv.slice(2);
const writersAtOnce = 8;
const commitsMax = Number(maxText);

const store = await openEmbeddedStore({ path });
await tell("open");
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
    await tell(key);
  }
}

/** At once, since the process may be killed next; a reader that is behind is waited for. */
async function tell(line: string): Promise<void> {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      await sleep(10);
    }
  }
}

await Promise.all(Array.from({ length: writersAtOnce }, write));
await store.close();
await tell("done");
