// The layer rule of the design, checked by `npm test`:
// model <- {cost, device, prep} <- policy <- actors <- {runtime, cli}; no cycles, no dead files.
const only = (room, allowed) => ({
  name: `${room} sees only ${allowed.join(", ") || "itself"}`,
  severity: "error",
  from: { path: `^src/${room}/` },
  to: { path: "^src/", pathNot: `^src/(${[room, ...allowed].join("|")})/` },
})

export default {
  forbidden: [
    { name: "no cycles", severity: "error", from: {}, to: { circular: true } },
    only("model", []),
    only("cost", ["model"]),
    only("device", ["model"]),
    only("prep", ["model"]),
    only("policy", ["model", "cost"]),
    only("actors", ["model", "cost", "device", "prep", "policy"]),
    only("runtime", ["model", "cost", "device", "prep", "policy", "actors"]),
    {
      name: "one file touches the addon",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/device/native/" },
      to: { path: "^src/device/native/Addon\\.ts$" },
    },
    {
      name: "no dead files",
      severity: "error",
      from: { orphan: true, path: "^src/", pathNot: "\\.d\\.ts$" },
      to: {},
    },
    {
      name: "product code uses no test or bench package",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".js", ".mjs"] },
  },
}
