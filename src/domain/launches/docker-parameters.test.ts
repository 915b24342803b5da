import { describe, expect, it } from "vitest";
import {
  hasNoEffect,
  isKnownParameter,
  knownParameters,
  parameterProblem,
  parametersProblem,
  saidByParameters,
} from "./docker-parameters.ts";

const said = (...pairs: readonly (readonly [string, string])[]) =>
  saidByParameters(pairs.map(([key, value]) => ({ key, value })));

describe("parameters of docker run", () => {
  it("say all that they do; of one that stands twice and can be there once the last holds", () => {
    expect(
      said(
        ["e", "A=b=c"],
        ["user", "guest"],
        ["v", "/srv:/data:ro,Z"],
        ["v", "/cache"],
        ["v", "/mnt:/mnt:rslave"],
        ["v", "/osd:/osd:rw,shared"],
        ["workdir", "/a"],
        ["w", "/b"],
        ["cap-add", "CAP_CHOWN"],
        ["pid", "host"],
        ["uts", "host"],
        ["ipc", "host"],
        ["privileged", "true"],
        ["ulimit", "nofile=1024:2048"],
        ["ulimit", "core=-1"],
        ["add-host", "db:10.0.0.7"],
        ["dns", "10.0.0.2"],
        ["dns-search", "corp.example"],
        ["device", "/dev/fuse"],
        ["device", "/dev/sda:/dev/xvda:rw"],
        ["tmpfs", "/run:size=64m,mode=1777,exec"],
        ["name", "dd-agent"],
      ),
    ).toEqual({
      environment: { A: "b=c" },
      user: "guest",
      workdir: "/b",
      volumes: [
        { hostPath: "/srv", containerPath: "/data", isReadOnly: true },
        { hostPath: "/mnt", containerPath: "/mnt", isReadOnly: false, propagation: "slave" },
        { hostPath: "/osd", containerPath: "/osd", isReadOnly: false, propagation: "shared" },
      ],
      namedVolumes: [],
      added: ["CHOWN"],
      dropped: [],
      sharesProcesses: true,
      sharesHostname: true,
      memory: "machine",
      isPrivileged: true,
      ulimits: [{ type: "RLMT_NOFILE", soft: 1024, hard: 2048 }, { type: "RLMT_CORE" }],
      hosts: [{ name: "db", address: "10.0.0.7" }],
      resolver: { servers: ["10.0.0.2"], searches: ["corp.example"], options: [] },
      devices: [
        { source: "/dev/fuse", target: "/dev/fuse" },
        { source: "/dev/sda", target: "/dev/xvda" },
      ],
      memoryFiles: [{ containerPath: "/run", options: ["size=64m", "mode=1777"], isExecutable: true }],
    });
  });

  it.each([
    ["350m", 350],
    ["1g", 1024],
    ["2048k", 2],
    ["65536000", 63],
    ["1", 1],
    ["64MB", 64],
  ])("shm-size %s is %d MiB", (value, mib) => {
    expect(parameterProblem({ key: "shm-size", value })).toBeUndefined();
    expect(said(["shm-size", value]).shmMib).toBe(mib);
  });

  it.each([
    ["volume", "/a/../etc:/data", "/a/../etc is no absolute path"],
    ["volume", "/data:/data:ro:x", "not of the form"],
    ["volume", "cache", "not of the form"],
    ["hostname", "-x", "-x is no host name"],
    ["cap-add", "net admin", "no capability"],
    ["pid", "container:other", "container:other can't be had; host can"],
    ["ipc", "none", "none can't be had; host and private can"],
    ["shm-size", "0", "no size"],
    ["shm-size", "much", "no size"],
    ["ulimit", "files=3", "not of the form nofile=1024:2048"],
    ["ulimit", "nofile=9:3", "soft limit above its hard one"],
    ["add-host", "db", "not of the form name:address"],
    ["dns", "ns.example", "no address"],
    ["device", "/etc/passwd", "not of the form /dev/name"],
    ["tmpfs", "run", "not of the form"],
    ["tmpfs", "/run:uid=3", "not of the form"],
    ["privileged", "yes", "neither true nor false"],
    ["restart", "sometimes", "not a restart policy"],
    ["log-driver", "awslogs", "output is kept in the sandbox"],
    ["volume-driver", "a/b", "no name of a volume plugin"],
  ])("%s of %s is refused: %s", (key, value, problem) =>
    expect(parameterProblem({ key, value })).toContain(problem),
  );

  it.each(["name", "restart", "label", "rm", "log-driver", "log-opt"])(
    "%s is taken and changes nothing",
    (key) => {
      expect(hasNoEffect(key)).toBe(true);
      expect(isKnownParameter(key)).toBe(true);
      expect(said([key, "no"])).toEqual(said());
    },
  );

  it("are known by their whole names to whoever is told which there are", () => {
    expect(knownParameters).toContain("shm-size");
    expect(knownParameters).not.toContain("v");
    expect(isKnownParameter("init")).toBe(false);
  });

  it("with a volume's name need the plugin that has it", () => {
    const volume = { key: "volume", value: "data:/data" };
    expect(parametersProblem([{ key: "rm", value: "true" }, volume])).toMatchObject({ index: 1 });
    expect(parametersProblem([volume, { key: "volume-driver", value: "rexray" }])).toBeUndefined();
    expect(parametersProblem([volume], "rexray")).toBeUndefined();
    expect(said(["volume", "data:/data:ro"], ["volume-driver", "rexray"])).toMatchObject({
      volumeDriver: "rexray",
      namedVolumes: [{ name: "data", containerPath: "/data", isReadOnly: true }],
    });
  });
});
