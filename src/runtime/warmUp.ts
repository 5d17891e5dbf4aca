// What a runtime does before its first task: it rehearses. Scripts that have never run are interpreted, ten
// times slower than compiled ones, and would make the first decisions on cores that the lanes want. So
// tasks of many networks go through the same actors and the same policy on a simulated device, in slices
// between what the thread is asked for, until the first real task comes.
import { Effect } from "effect"
import { scaleTimes } from "../cost/calibration/fitTimes.ts"
import { type MachineProfile, machines } from "../cost/MachineProfile.ts"
import type { DeviceUnavailable, InputError, PrepError, UnknownId } from "../model/errors.ts"
import type { ModelSource } from "../model/GnnModel.ts"
import type { RunReport } from "../model/RunReport.ts"
import type { Backend } from "./Backend.ts"
import { inSlices } from "./inVirtualTime.ts"
import type { OptionsError } from "./options.ts"
import type { RuntimeOptions } from "./RuntimeApi.ts"
import { openSimulation, type SimulationOptions } from "./simulation.ts"

/** Between two looks at the event loop: a few milliseconds, at first up to twenty. */
const sliceSteps = 5

/** So slow that runs are long beside their targets, and are stopped for each other. */
const { lane, ...cpu2 } = machines["cpu-2"]
const machine: MachineProfile = { ...cpu2, lane: { ...lane, fitted: scaleTimes(lane.fitted!, 20) } }

const presets = ["cora", "citeseer", "pubmed"]
const architectures = ["GCN", "GraphSAGE", "GIN", "GAT"]
const depths = [2, 4, 6]

/** Each network on each graph comes so many times: then most scripts that decide are compiled. */
const rounds = 4
/** So many come before all have ended: more wait than `slo` plays to the end, and then fewer. */
const batch = 18

const modelOf = (architecture: string, layers: number, featureWidth: number): ModelSource => ({
  kind: "arrays",
  name: `${architecture}-${layers}-${featureWidth}`,
  config: {
    architecture,
    in_channels: featureWidth,
    hidden_channels: 64,
    num_layers: layers,
    out_channels: 8,
  },
  weights: { seed: 1 },
})

/** What decisions depend on. */
const rehearsed = ["policy", "mode", "preempt", "admit", "lateTasks"] as const

export type RehearsalOptions = Pick<SimulationOptions, (typeof rehearsed)[number]>

/** Its report, when it has come to its end. */
export const rehearsal = (
  options: RehearsalOptions,
): Effect.Effect<
  RunReport,
  OptionsError | DeviceUnavailable | InputError | PrepError | UnknownId
> =>
  Effect.gen(function* () {
    const service = yield* openSimulation({ ...options, machine, allowUnsafe: true })
    const kinds: Array<{ readonly graph: string; readonly model: string }> = []
    for (const preset of presets) {
      const graph = yield* service.loadGraph({ kind: "preset", preset, seed: 1, scale: 1 })
      for (const architecture of architectures) {
        for (const layers of depths) {
          const source = modelOf(architecture, layers, graph.shape.featureWidth)
          kinds.push({ graph: graph.id, model: (yield* service.loadModel(source)).id })
          yield* Effect.yieldNow
        }
      }
    }
    for (let nth = 0; nth < rounds * kinds.length; nth++) {
      const inBatch = nth % batch
      // Those that come first have no target, run for long, and are stopped for what comes after them.
      const isLong = inBatch < machine.lanes
      const kind = isLong ? kinds.at(-1 - inBatch)! : kinds[nth % kinds.length]!
      yield* service.submit({
        ...kind,
        id: `rehearsal-${nth}`,
        tenant: `tenant-${nth % 3}`,
        nodes: null,
        deadlineMs: isLong ? null : 10 * (1 + ((7 * nth) % 41)),
        priority: nth % 2,
      })
      if (inBatch === batch - 1) yield* service.drain
      else yield* Effect.sleep(isLong ? 10 : nth % 4)
    }
    yield* service.drain
    return yield* service.report
  }).pipe(Effect.scoped)

/** Begins; what it answers ends it. A policy of the application's own is not for strangers' tasks. */
export const warmUp = (options: RuntimeOptions): (() => void) => {
  if (typeof options.policy === "function") return () => undefined
  const said = rehearsed.filter((option) => options[option] !== undefined)
  const chosen = Object.fromEntries(said.map((option) => [option, options[option]]))
  const fiber = Effect.runFork(inSlices(rehearsal(chosen), sliceSteps))
  return () => fiber.interruptUnsafe()
}

/** The backend, with a rehearsal until the first task is submitted, or it is closed. */
export const rehearsing = (backend: Backend, options: RuntimeOptions): Backend => {
  const end = warmUp(options)
  return {
    ...backend,
    submit: (specs) => {
      end()
      return backend.submit(specs)
    },
    close: () => {
      end()
      return backend.close()
    },
  }
}
