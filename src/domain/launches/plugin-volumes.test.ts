import { describe, expect, it } from "vitest";
import type { ContainerInfo, Volume } from "#contracts/kernel/messages.gen.ts";
import { containerWithoutSecrets, volumeWithSecrets } from "../secrets/index.ts";
import { isPluginVolume, pluginVolume, pluginVolumesOf, pluginVolumesProblem } from "./plugin-volumes.ts";

const mesos = (...volumes: readonly Volume[]): ContainerInfo => ({ type: "MESOS", volumes });
const asked = {
  kind: "csi" as const,
  driver: "nfs.csi.k8s.io",
  name: "server#export#web",
  accessMode: "MULTI_NODE_SINGLE_WRITER" as const,
  fsType: "nfs4",
  mountFlags: ["noatime"],
  stageSecrets: { key: "storage/key" },
  publishSecrets: { user: "storage/user" },
  context: { share: "/export" },
  containerPath: "/var/data",
  isReadOnly: true,
};
const value = (text: string) => ({ type: "VALUE" as const, value: { data: btoa(text) } });
const filled = volumeWithSecrets(pluginVolume(asked), ({ reference }) => value(reference?.name ?? ""));

const csi = (provisioned: object, more: object = {}): Volume => ({
  mode: "RW",
  container_path: "data",
  source: {
    type: "CSI_VOLUME",
    csi_volume: {
      plugin_name: "p",
      static_provisioning: {
        volume_id: "v",
        volume_capability: { mount: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } },
        ...provisioned,
      },
    },
  },
  ...more,
});
const capability = (it: object): Volume => csi({ volume_capability: it });
const docker = (container_path: string): Volume => ({
  mode: "RW",
  container_path,
  source: { type: "DOCKER_VOLUME", docker_volume: { driver: "p", name: "v" } },
});

describe("volumes of CSI plugins in what is launched", () => {
  it("are read as they were written, with the values of their secrets", () => {
    expect(pluginVolumesOf(mesos(filled))).toEqual([asked]);
    expect(pluginVolumesProblem(mesos(filled))).toBeUndefined();
    expect(isPluginVolume(filled, mesos())).toBe(true);
    expect(pluginVolumesOf(undefined)).toEqual([]);
  });

  it("show no value of a secret", () => {
    const shown = JSON.stringify(containerWithoutSecrets(mesos(filled)));
    expect(shown).toContain('"key":{"type":"VALUE"}');
    expect(shown).not.toContain(btoa("storage/key"));
    expect(shown).not.toContain(btoa("storage/user"));
  });

  it.each<[Volume, string]>([
    [csi({}, { source: { type: "CSI_VOLUME" } }), 'data: csi_volume.plugin_name: "" is no name of a plugin'],
    [
      csi({}, { source: { type: "CSI_VOLUME", csi_volume: { plugin_name: "p" } } }),
      "static_provisioning: it says which volume of the plugin is meant, and is missing",
    ],
    [csi({ volume_id: "" }), 'static_provisioning.volume_id: "" is no name of a volume'],
    [
      capability({ block: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } }),
      "volume_capability.block: tasks are given no raw devices by this agent",
    ],
    [capability({ access_mode: { mode: "SINGLE_NODE_WRITER" } }), "volume_capability: say mount"],
    [capability({ mount: {}, access_mode: { mode: "UNKNOWN" } }), "access_mode.mode: UNKNOWN is no mode"],
    [
      capability({ mount: {}, access_mode: { mode: "MULTI_NODE_READER_ONLY" } }),
      "container.volumes data: mode: MULTI_NODE_READER_ONLY needs RO",
    ],
    [
      csi({ node_stage_secrets: { key: { type: "REFERENCE", reference: { name: "a" } } } }),
      "static_provisioning.node_stage_secrets.key: a secret of type REFERENCE wants a secret store",
    ],
    [csi({}, { container_path: "../x" }), "container.volumes ../x: neither an absolute path nor one below"],
  ])("%j can't be had", (volume, problem) => {
    expect(pluginVolumesProblem(mesos(volume))).toContain(problem);
  });

  it("are in a container once", () => {
    const twice = "the volume v of p is in the container already";
    expect(pluginVolumesProblem(mesos(csi({}), csi({}, { container_path: "b" })))).toContain(twice);
    expect(pluginVolumesProblem(mesos(docker("a"), docker("b")))).toContain(twice);
    expect(pluginVolumesProblem(mesos(csi({}), docker("b")))).toBeUndefined();
    expect(pluginVolumesProblem(mesos(docker("../x")))).toContain("neither an absolute path");
  });
});
