import { describe, expect, it } from "vitest";
import { parseZooKeeperUrl } from "./zookeeper-url.ts";

describe("an address of ZooKeeper", () => {
  it.each([
    ["zk://a:1/mesos", { servers: "a:1", path: "/mesos" }],
    ["zk://a:1,b-2.test:65535,[::1]:3/a/b/", { servers: "a:1,b-2.test:65535,[::1]:3", path: "/a/b" }],
    ["zk://a/mesos", { servers: "a:2181", path: "/mesos" }],
  ])("%s names servers and a node", (url, expected) => {
    expect(parseZooKeeperUrl(url, "--zk")).toEqual(expected);
  });

  it.each([
    ["http://a:1/mesos", "does not begin with zk://"],
    ["zk://a:1", "is no path"],
    ["zk://a:1/", "is no path"],
    ["zk://a:1//b", "is no path"],
    ["zk:///mesos", "is no host"],
    ["zk://a:0/mesos", "is no host"],
    ["zk://a:1,,b:2/mesos", "is no host"],
    ["zk://me:secret@a:1/mesos", "a user and password"],
  ])("%s is refused", (url, problem) => {
    expect(() => parseZooKeeperUrl(url, "--zk")).toThrow(problem);
    expect(() => parseZooKeeperUrl(url, "--zk")).toThrow(/^--zk: .*zk:\/\/host:2181/);
    expect(() => parseZooKeeperUrl(url, "--zk")).not.toThrow(/secret/);
  });
});
