// How far `slo` is from the best that can be done: small instances, drawn from seeds, against the least
// weighted response of all schedules that keep as much weight of deadlines as it does.
//   node bench/optimum.ts [--instances N] [--most N] [--out FILE]
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import type { PolicyName } from "../src/model/Snapshot.ts"
import { policies } from "../src/policy/policies.ts"
import { makeInstance } from "./optimum/Instance.ts"
import { searchOptimum } from "./optimum/search.ts"
import { serveInstance } from "./optimum/serveInstance.ts"

export interface OptimumRow {
  readonly seed: number
  readonly jobs: number
  readonly lanes: number
  readonly atOnce: boolean
  readonly weightedMs: number
  readonly optimumMs: number
  readonly proven: boolean
  /** Above 1 by so much is `weightedMs` more than the optimum. */
  readonly ratio: number
}

export const compareWithOptimum = (
  seed: number,
  most: number,
  policy: PolicyName = "slo",
): OptimumRow => {
  const instance = makeInstance(seed, most)
  const { lateWeight, running, weightedMs } = serveInstance(instance, policies[policy])
  if (running.length > 0) throw new Error(`seed ${seed}: ${running.length} never ended`)
  const optimum = searchOptimum(instance, { atMostMs: weightedMs, lateWeight })
  return {
    seed,
    jobs: instance.jobs.length,
    lanes: instance.lanes,
    atOnce: instance.jobs.every(({ arrivesMs }) => arrivesMs === 0),
    weightedMs,
    optimumMs: optimum.weightedMs,
    proven: optimum.proven,
    ratio: weightedMs / optimum.weightedMs,
  }
}

const summary = (rows: ReadonlyArray<OptimumRow>) => ({
  instances: rows.length,
  proven: rows.filter(({ proven }) => proven).length,
  meanRatio: rows.reduce((sum, { ratio }) => sum + ratio, 0) / rows.length,
  worstRatio: Math.max(...rows.map(({ ratio }) => ratio)),
  beyond25: rows.filter(({ ratio }) => ratio > 1.25).length,
})

const main = (): void => {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      instances: { type: "string", default: "200" },
      most: { type: "string", default: "10" },
      policy: { type: "string", default: "slo" },
    },
  })
  const rows = Array.from({ length: Number(values.instances) }, (_, seed) =>
    compareWithOptimum(seed, Number(values.most), values.policy as PolicyName),
  )
  const parts = {
    all: summary(rows),
    atOnce: summary(rows.filter(({ atOnce }) => atOnce)),
    asTheyCome: summary(rows.filter(({ atOnce }) => !atOnce)),
  }
  for (const [name, part] of Object.entries(parts)) {
    const { beyond25, instances, meanRatio, proven, worstRatio } = part
    console.log(
      `${name}: ${instances} instances, ${proven} searched to the end, ${meanRatio.toFixed(4)} of ` +
        `the optimum on average, ${worstRatio.toFixed(3)} at worst, ${beyond25} beyond 1.25`,
    )
  }
  const worst = rows.toSorted((a, b) => b.ratio - a.ratio).slice(0, 12)
  for (const { atOnce, jobs, lanes, ratio, seed } of worst) {
    console.log(`  seed ${seed}: ${ratio.toFixed(3)}, ${jobs} jobs, ${lanes} lanes, ${atOnce}`)
  }
  if (values.out === undefined) return
  const command = ["node", "bench/optimum.ts", ...process.argv.slice(2)].join(" ")
  writeFileSync(values.out, `${JSON.stringify({ command, ...parts, rows }, null, 2)}\n`)
}

if (import.meta.main) main()
