/** The version of the contract that clients compare with. */
export const masterVersion = "1.11.0";

/** As `/version` and `/state` tell it. */
export const versionInfo = {
  version: masterVersion,
  build_date: "",
  build_time: 0,
  build_user: "keelson",
} as const;
