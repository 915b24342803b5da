/** An identity service of its own for a test, and how to speak to it as somebody. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identityHeaders } from "#contracts/identity.ts";
import { silentLogger } from "#foundation/telemetry/index.ts";
import type { IamEnvironment } from "./config.ts";
import { type RunningIam, start } from "./main.ts";

export const testDoorSecret = "door-secret-of-tests";

export interface TestIam {
  readonly url: string;
  readonly dataDir: string;
  /** Headers that say who asks, as the door would. */
  as(user: string): Record<string, string>;
  /** Ends it and starts it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startTestIam(options: Partial<IamEnvironment> = {}): Promise<TestIam> {
  const dataDir = mkdtempSync(join(tmpdir(), "keelson-iam-"));
  const begin = (): Promise<RunningIam> =>
    start({
      host: "127.0.0.1",
      port: 0,
      dataDir,
      doorSecret: testDoorSecret,
      log: silentLogger,
      ...options,
    });
  let running = await begin();
  return {
    get url() {
      return running.info.url;
    },
    dataDir,
    as: (user) => ({ [identityHeaders.user]: user, [identityHeaders.door]: testDoorSecret }),
    restart: async () => {
      await running.close();
      running = await begin();
    },
    close: async () => {
      await running.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
