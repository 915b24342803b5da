import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { silentLogger } from "#foundation/telemetry/index.ts";
import { createPluginVolumes } from "./plugins.ts";

it("an agent whose CSI plugins are described amiss does not start, and says which file and field", async () => {
  const dir = mkdtempSync(join(tmpdir(), "keelson-csi-config-"));
  const environment = { host: "", port: 0, dataDir: dir, masterUrl: "", csiConfigDir: dir };
  await expect(createPluginVolumes(environment, dir, silentLogger)).resolves.toBeDefined();
  writeFileSync(join(dir, "own.json"), JSON.stringify({ type: "own", containers: [{}] }));
  await expect(createPluginVolumes(environment, dir, silentLogger)).rejects.toThrow(
    `csi_plugin_config_dir: ${dir}/own.json: containers: this agent starts no plugins itself`,
  );
  rmSync(dir, { recursive: true });
  await expect(createPluginVolumes(environment, dir, silentLogger)).rejects.toThrow(
    "csi_plugin_config_dir: ENOENT",
  );
});
