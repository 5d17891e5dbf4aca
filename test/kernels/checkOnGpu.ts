// The tables of kernels.test.ts on a GPU: `node checkOnGpu.ts PROGRAM RESULT [STEP]` runs gpu_checks over
// them (every STEP-th case) and writes what it found as JSON. Exit status 1 when a case is wrong.
import { writeFileSync } from "node:fs"
import * as oracle from "../native/oracle.ts"
import { runEmulated } from "./emulated.ts"
import type { CheckedCase } from "./kernelCases.ts"
import { withinRounding } from "./storage.ts"
import * as tables from "./tables.ts"

/** Tensor cores round their sums in ways of their own, hubs add up many: wrong kernels are far off. */
const tolerance = 1e-4

const [program, file, step = "1"] = process.argv.slice(2)
if (program === undefined || file === undefined) {
  throw new Error("usage: checkOnGpu.ts PROGRAM RESULT [STEP]")
}

const checkTable = async (name: string, cases: ReadonlyArray<CheckedCase>) => {
  const results = await runEmulated(cases, { program, orders: 2 })
  let worst = 0
  const wrong = results.flatMap(({ problem, values }, i) => {
    const { label, expected, stored = "fp32" } = cases[i]!
    const error = oracle.worstError(values, withinRounding(values, expected, stored))
    if (error > worst) worst = error
    return problem === "" && error < tolerance ? [] : [{ label, problem, error }]
  })
  console.log(`${name}: ${cases.length} cases, largest error ${worst.toExponential(1)}`)
  for (const { label, problem, error } of wrong)
    console.log(`  WRONG ${label}: ${problem || error}`)
  return { name, cases: cases.length, worst, wrong }
}

const checked = []
for (const [name, make] of Object.entries(tables)) {
  checked.push(await checkTable(name, make(Number(step))))
}
writeFileSync(file, `${JSON.stringify({ tolerance, tables: checked }, null, 2)}\n`)
process.exit(checked.every(({ wrong }) => wrong.length === 0) ? 0 : 1)
