// The cpu profile that stands in until `gnnsched calibrate` has run on a machine: what it wrote on
// two virtual cores of an AMD EPYC (Zen 5, AVX-512, 1 MiB L2, 32 MiB shared L3), 2026-11-24.

import type { InterferenceModel } from "../model/Interference.ts"
import type { FittedTimes } from "./FittedTimes.ts"

/** Nanoseconds of each count, in the order of `featureNames`. */
export const cpuFitted: FittedTimes = {
  caches: { nearBytes: 1048576, sharedBytes: 16777216, softness: 4 },
  nanoseconds: {
    spmm: [0, 5.512, 0.1437, 0, 0.2587, 0.5983, 0, 0.4528, 10.02, 0, 0, 0.01138, 0.01582, 0, 0],
    gemm: [1671, 0.1021, 1.913, 0.04352, 0, 2.42, 0.004717, 0.03451, 0.003744, 0.007841],
    gat: [
      0, 44.83, 0.1782, 8.287, 0.4603, 0.7949, 0.7723, 0.05293, 0, 2.038, 17.47, 0, 0.01004, 0.1927,
    ],
  },
}

export const cpuInterference: InterferenceModel = {
  kind: "fitted",
  memory: 1.26,
  core: 0.0149,
}
