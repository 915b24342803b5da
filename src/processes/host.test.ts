/** A process and its supervisor, which may end first. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const host = fileURLToPath(new URL("host.ts", import.meta.url));
/** A daemon that has started only once its supervisor is gone. */
const slow = `
  import { hostDaemon } from ${JSON.stringify(host)};
  hostDaemon(async () => {
    const gone = new Promise((resolve) => process.once("disconnect", resolve));
    process.disconnect();
    await gone;
    const close = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      console.log("closed");
    };
    return { info: {}, close };
  });
`;

it("a process whose supervisor ends while it starts closes what it started, and ends without a complaint", async () => {
  const flags = [
    "--conditions=keelson-source",
    "--disable-warning=ExperimentalWarning",
    "--input-type=module",
  ];
  const child = spawn(process.execPath, [...flags, "--eval", slow], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (part: string) => {
      said += part;
    });
  child.send({ config: {} });
  const [code] = await once(child, "close");
  expect({ code, said }).toEqual({ code: 0, said: "closed\n" });
});
