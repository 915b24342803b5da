/** The Mesos release whose contract a master and an agent keep; clients compare with it. */
export const mesosVersion = "1.11.0";

/** As `/version` and `/state` tell it. When it was built is not told: builds of the same sources are the same. */
export const versionInfo = {
  version: mesosVersion,
  build_date: "",
  build_time: 0,
  build_user: "keelson",
} as const;
