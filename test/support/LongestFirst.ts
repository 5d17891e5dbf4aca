// The order in which test files start. Vitest's own is by what they took the last time, and by size where it
// does not know: files that build and run native code are small, would start last, and the others' core
// would idle until they end.
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** A minute or more each, the longest first. */
export const longTests = [
  "test/kernels/kernels.test.ts",
  "test/cuda/emulated.test.ts",
  "test/kernels/sectors.test.ts",
  "test/kernels/ptxas.test.ts",
  "test/kernels/faults.test.ts",
  "test/bench/compare.test.ts",
  "test/policy/properties.test.ts",
]

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = longTests.findIndex((name) => moduleId.endsWith(name))
  return rank === -1 ? longTests.length : rank
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: ReadonlyArray<TestSpecification>): Promise<Array<TestSpecification>> {
    const sorted = await super.sort([...files])
    return sorted.sort((a, b) => rankOf(a) - rankOf(b))
  }
}
