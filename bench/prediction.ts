// How well run times are predicted on the cpu device of this machine: a fresh calibration (or the profile that
// `gnnsched calibrate` has just written), then every architecture x eight graphs x depths 2 to 10 alone, networks in parts, and pairs side by side,
// none of which were fitted. One command, JSON out; the machine should be idle.
//   node bench/prediction.ts [--out FILE] [--runs N] [--profile FILE]
import { mkdirSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { dirname } from "node:path"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import {
  calibrateDevice,
  errorsOf,
  measurePairs,
  pairRatios,
} from "../src/cli/calibrate/calibrateDevice.ts"
import { heldOutCases, heldOutParts } from "../src/cli/calibrate/calibrationCases.ts"
import { measureCases } from "../src/cli/calibrate/measureCases.ts"
import { quantile } from "../src/cli/calibrate/measurePlan.ts"
import { SpeedProbe } from "../src/cli/calibrate/SpeedProbe.ts"
import { makeProgress } from "../src/cli/progress.ts"
import { predictRunMs, residualRatios, slowedBy } from "../src/cost/calibration/fitTimes.ts"
import { slowdown } from "../src/cost/interference.ts"
import { openCpuDevice } from "../src/device/native/cpuDevice.ts"
import { readProfileFile } from "../src/runtime/readProfileFile.ts"

const { values: flags } = parseArgs({
  options: {
    out: { type: "string" },
    profile: { type: "string" },
    runs: { type: "string", default: "5" },
  },
})
const runs = Number(flags.runs)

/** Milliseconds of probing for calm moments, over calibration and held-out runs together. */
const patienceMs = 60_000

/** Runs at less are told apart in the results. */
const slowPace = 1.2

const groupErrors = <T>(
  all: ReadonlyArray<T>,
  keyOf: (one: T) => string,
  ratioOf: (one: T) => number,
) =>
  Object.fromEntries(
    Object.entries(Object.groupBy(all, keyOf)).map(([key, of]) => {
      const errors = of!.map((one) => ratioOf(one) - 1)
      return [
        key,
        { median: quantile(errors, 0.5), low: Math.min(...errors), high: Math.max(...errors) },
      ]
    }),
  )

const measure = Effect.scoped(
  Effect.gen(function* () {
    const device = yield* openCpuDevice({ lanes: null, memoryBytes: null })
    const progress = makeProgress(process.stderr, false)
    const profile = flags.profile === undefined ? null : yield* readProfileFile(flags.profile)
    const probe = yield* SpeedProbe.open(device, {
      patience: patienceMs,
      profileMs: profile?.lane.probeMs,
    })
    const calibration =
      profile === null ? yield* calibrateDevice(device, { runs, progress, probe }) : null
    const { lane } = profile ?? calibration!.machine
    const cases = heldOutCases()
    const onCase = (done: number) => progress.update(done, cases.length, 0)
    const alone = yield* measureCases(device, cases, lane, { runs, probe, onCase })
    const onPart = (done: number) => progress.update(done, heldOutParts.length, 0)
    const inParts = yield* measureCases(device, heldOutParts, lane, {
      runs,
      probe,
      onCase: onPart,
    })
    // Every 17th: each architecture, graph and depth comes up.
    const few = cases.filter((_, i) => i % 17 === 0)
    const pairs = yield* measurePairs(device, few, lane, { runs, probe, strides: [1, 2, 5] })
    progress.finish()
    const runRows = alone.map((run) => ({
      name: run.name,
      /** At the pace of the lane just then. */
      predictedMs: predictRunMs(run, lane.fitted!) * slowedBy(run.pace),
      measuredMs: run.runMs,
      pace: run.pace,
    }))
    const pairRows = pairs.map((pair) => ({
      name: pair.name,
      beside: pair.beside,
      aloneMs: pair.aloneMs,
      besideMs: pair.besideMs,
      besidePace: pair.besidePace,
      bandwidth: pair.own.bandwidth,
      predictedSlowdown: slowdown([pair.own, pair.other], lane.interference)[0]!,
      measuredSlowdown: pair.slowdown,
    }))
    const calmRuns = alone.filter(({ pace }) => pace < slowPace)
    const ratio = (row: (typeof runRows)[number]) => row.predictedMs / row.measuredMs
    const within = runRows.filter(
      ({ measuredMs, predictedMs }) => measuredMs <= predictedMs * (lane.p95Factor ?? 1),
    )
    return {
      device: device.info,
      calibration: {
        fit: calibration?.fit ?? null,
        heldOut: calibration?.heldOut ?? null,
        pairs: calibration?.pairs ?? null,
        caches: lane.fitted!.caches,
        interference: lane.interference,
        p95Factor: lane.p95Factor,
      },
      /** At the pace of the lane just then. */
      alone: errorsOf(residualRatios(alone, lane.fitted!)),
      /** Those of them at a pace below `slowPace`. */
      aloneUndisturbed: errorsOf(residualRatios(calmRuns, lane.fitted!)),
      /** All, by a prediction that knows nothing of the pace. */
      aloneAtAnyPace: errorsOf(alone.map((run) => run.runMs / predictRunMs(run, lane.fitted!))),
      /** Plans of parts, the whole ones left out. */
      parts: errorsOf(
        residualRatios(
          inParts.filter(({ name }) => name.includes(", ")),
          lane.fitted!,
        ),
      ),
      partRuns: inParts.map((run) => ({
        name: run.name,
        predictedMs: predictRunMs(run, lane.fitted!) * slowedBy(run.pace),
        measuredMs: run.runMs,
        pace: run.pace,
      })),
      /** Share of the runs that took no longer than the stated p95. */
      withinP95: within.length / runRows.length,
      slowdowns: errorsOf(pairRatios(pairs, lane)),
      byArchitecture: groupErrors(runRows, ({ name }) => name.split(" ")[0]!, ratio),
      byGraph: groupErrors(runRows, ({ name }) => name.split(" on ")[1]!, ratio),
      /** Predicted time beside the other, from shapes alone, against measured. */
      together: errorsOf(
        pairs.map((pair) => {
          const aloneMs = predictRunMs(alone.find(({ name }) => name === pair.name)!, lane.fitted!)
          const beside = slowdown([pair.own, pair.other], lane.interference)[0]!
          return pair.besideMs / (aloneMs * beside * slowedBy(pair.besidePace))
        }),
      ),
      runs: runRows,
      pairs: pairRows,
    }
  }),
)

const result = await Effect.runPromise(measure)
const { runs: _, pairs: __, ...summary } = result
console.log(JSON.stringify(summary, null, 2))
if (flags.out !== undefined) {
  mkdirSync(dirname(flags.out), { recursive: true })
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() }
  const command = ["node", "bench/prediction.ts", ...process.argv.slice(2)].join(" ")
  const report = { machine, command, date: new Date().toISOString(), ...result }
  writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`)
}
