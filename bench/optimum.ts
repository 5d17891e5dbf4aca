// How far `slo` is from the best that can be done: small instances, drawn from seeds. Where all tasks are
// there at once: the least weighted response of all schedules that keep as much weight of deadlines.
// Where they come one after the other: exhaustive search that knows no more of the future than `slo`, and
// beside it the search that knows all of it.
//   node bench/optimum.ts [--instances N] [--most N] [--out FILE]
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import type { PolicyName } from "../src/model/Snapshot.ts"
import { policies } from "../src/policy/policies.ts"
import { makeInstance } from "./optimum/Instance.ts"
import { begin } from "./optimum/Progress.ts"
import { replanned, searchOptimum } from "./optimum/search.ts"
import { serveInstance } from "./optimum/serveInstance.ts"

export interface OptimumRow {
  readonly seed: number
  readonly jobs: number
  readonly lanes: number
  readonly atOnce: boolean
  /** False: a search was cut off, and something better may be left. */
  readonly proven: boolean
  /** Weighted response over that of the search which knows what the policy knows. */
  readonly ratio: number
  /** Over that of the search which knows the future; the same where all is there at once. */
  readonly foresightRatio: number
}

export const compareWithOptimum = (
  seed: number,
  most: number,
  policy: PolicyName = "slo",
): OptimumRow => {
  const instance = makeInstance(seed, most)
  const { jobs, lanes } = instance
  const served = serveInstance(instance, policies[policy])
  if (served.running.length > 0) throw new Error(`seed ${seed}: a task never ended`)
  const { lateWeight, weightedMs } = served
  const atOnce = jobs.every(({ arrivesMs }) => arrivesMs === 0)
  const known = () => true
  const from = begin(instance)
  const seeing = searchOptimum(instance, { atMostMs: weightedMs, lateWeight, from, known })
  const fair = atOnce ? seeing : replanned(instance)
  return {
    seed,
    jobs: jobs.length,
    lanes,
    atOnce,
    proven: seeing.proven && fair.proven,
    ratio: weightedMs / fair.weightedMs,
    foresightRatio: weightedMs / seeing.weightedMs,
  }
}

const mean = (values: ReadonlyArray<number>): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

const summary = (rows: ReadonlyArray<OptimumRow>) => ({
  instances: rows.length,
  proven: rows.filter(({ proven }) => proven).length,
  meanRatio: mean(rows.map(({ ratio }) => ratio)),
  worstRatio: Math.max(...rows.map(({ ratio }) => ratio)),
  beyondQuarter: rows.filter(({ ratio }) => ratio > 1.25).length,
  meanForesightRatio: mean(rows.map(({ foresightRatio }) => foresightRatio)),
})

const line = (name: string, part: ReturnType<typeof summary>): string =>
  `${name}: ${part.instances} instances, ${part.proven} searched to the end: ` +
  `${part.meanRatio.toFixed(4)} of exhaustive search on average, ${part.worstRatio.toFixed(3)} at ` +
  `worst, ${part.beyondQuarter} beyond 1.25; ${part.meanForesightRatio.toFixed(3)} of foresight`

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
  for (const [name, part] of Object.entries(parts)) console.log(line(name, part))
  const [worst] = rows.toSorted((a, b) => b.ratio - a.ratio)
  console.log(`the worst is seed ${worst?.seed}`)
  if (values.out === undefined) return
  const command = ["node", "bench/optimum.ts", ...process.argv.slice(2)].join(" ")
  writeFileSync(values.out, `${JSON.stringify({ command, ...parts, rows }, null, 2)}\n`)
}

if (import.meta.main) main()
