import { describe, expect, it } from "vitest";
import { failureCause } from "./failure-cause.ts";

const launchFailed = (cause: string) => ({
  ...failureCause({
    condition: "Failed",
    reason: "REASON_CONTAINER_LAUNCH_FAILED",
    cause,
    startedAt: undefined,
    endedAt: 1,
    hostname: "n1",
  }),
});
const pull = (detail: string) => `Failed to pull image registry:5000/shop/web:1: ${detail}`;

describe("a container that could not be launched is told by its cause", () => {
  it.each([
    [
      "imageMissing",
      pull("reading manifest 1 in registry:5000/shop/web: manifest unknown"),
      { image: "registry:5000/shop/web:1" },
    ],
    ["imageMissing", pull("name unknown: repository name not known to registry"), {}],
    ["imageDenied", pull("unauthorized: authentication required"), {}],
    ["imageDenied", pull("requested access to the resource is denied"), {}],
    ["imageUnreachable", pull("pinging container registry: connection refused"), {}],
    ["imageUnreachable", pull("download took longer than 3600 s"), {}],
    [
      "imageToolsMissing",
      "Failed to run image web: images need skopeo and umoci on the agent's machine (apt-get install skopeo umoci)",
      { image: "web", tools: "skopeo and umoci" },
    ],
    ["launchRefused", "Failed to run image web: an agent that does not run as root can't run images", {}],
    [
      "networkUnknown",
      "Container network: there is no network green on this agent; it has blue, mesos-bridge",
      { network: "green", known: "blue, mesos-bridge" },
    ],
    [
      "networkPluginMissing",
      "Container network: the plugin bridge is not in /usr/lib/cni:/opt/cni/bin; on Debian it is in the package containernetworking-plugins",
      { plugin: "bridge", path: "/usr/lib/cni:/opt/cni/bin" },
    ],
    [
      "networkFailed",
      "Container network: network blue: plugin bridge, ADD: no room here",
      { detail: "network blue: plugin bridge, ADD: no room here" },
    ],
    [
      "volumePluginMissing",
      "External volume data: there is no volume plugin rexray on this agent: no rexray.sock, rexray.spec or rexray.json in /run/docker/plugins",
      { plugin: "rexray", path: "/run/docker/plugins" },
    ],
    [
      "volumeFailed",
      "External volume data: plugin rexray, VolumeDriver.Mount: the disk is in another machine",
      { volume: "data", detail: "plugin rexray, VolumeDriver.Mount: the disk is in another machine" },
    ],
    [
      "volumePluginMissing",
      "External volume vol-1: there is no volume plugin nfs.csi.k8s.io on this agent: no file describes it in /etc/csi",
      { plugin: "nfs.csi.k8s.io", path: "/etc/csi" },
    ],
    ["fetchFailed", "Failed to fetch http://a/b: 404", {}],
    ["userUnknown", "user: there is no account x on this machine", {}],
    ["launchRefused", "The agent is ending", {}],
  ])("%s: %s", (code, cause, parameters) => {
    const found = launchFailed(cause);
    expect(found.code).toBe(code);
    expect(found.parameters).toMatchObject({ host: "n1", ...parameters });
  });
});
