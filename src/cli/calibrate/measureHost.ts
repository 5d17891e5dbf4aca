// What the runtime costs beside its lanes: small tasks through runtimes that have just been opened, as
// `gnnsched run` opens one. Where plans and objects have to be made, beside where they are there
// already, tells what making them costs. It counts the processor time of threads, not the clock: of
// that, other programs take little away. Only how much of it lies before a task is ready is read off the
// clock, of all passes where that is least.
import { availableParallelism } from "node:os"
import { Effect } from "effect"
import type { DeviceProfile } from "../../cost/DeviceProfile.ts"
import { planFrontier } from "../../cost/planFrontier.ts"
import type { ModelSource } from "../../model/GnnModel.ts"
import { ginEps } from "../../model/ginEps.ts"
import type { HostProfile } from "../../model/HostProfile.ts"
import type { TaskRecord } from "../../model/Task.ts"
import { loadGraph } from "../../prep/loadGraph.ts"
import { loadGnnModel } from "../../prep/model/loadModel.ts"
import { Runtime } from "../../runtime/Runtime.ts"
import type { GraphHandle, RuntimeApi } from "../../runtime/RuntimeApi.ts"
import { addonOption } from "../addonOption.ts"
import { attempt } from "../attempt.ts"
import type { GnnschedError } from "../describeError.ts"
import { threadTimes } from "./disturbance.ts"

/** So small that runs are short beside what is measured. */
const graph = { kind: "preset", preset: "pubmed", seed: 1, scale: 0.15 } as const
const featureWidth = 500

const networks = 96
/** The first of them meet scripts that are not yet compiled. */
const coldNetworks = 16
/** The least of so many passes over known networks counts: the first is still slower, others are disturbed. */
const knownPasses = 4
/** What the tasks read stays on the device … */
const ampleBytes = 2 ** 30
/** … and gives way. */
const scarceBytes = 16 * 2 ** 20

/** As the kernel has them: of the runtime's thread with all that it begins, and of Piscina's. */
const runtimeThreadName = "gnnsched"
const workerThreadName = "WorkerThread"

const modelOf = (index: number): ModelSource => {
  const architecture = (["GCN", "GraphSAGE", "GAT", "GIN"] as const)[index % 4]!
  const layers = 2 + (Math.floor(index / 4) % 5)
  const hidden = 32 + 16 * (Math.floor(index / 20) % 5)
  return {
    kind: "arrays",
    name: `${architecture}-${layers}-${hidden}`,
    config: {
      architecture,
      in_channels: featureWidth,
      hidden_channels: hidden,
      out_channels: 8,
      num_layers: layers,
    },
    weights: { seed: index },
  }
}

const models: ReadonlyArray<ModelSource> = Array.from({ length: networks }, (_, i) => modelOf(i))

/** Processor time of one pass, in milliseconds for each task. */
interface Pass {
  /** The runtime's own thread. */
  readonly runtimeMs: number
  /** Workers that prepare. */
  readonly workerMs: number
  /** Those two, the application's thread, and what compiles scripts and collects garbage. */
  readonly allMs: number
}

type Handles = ReadonlyArray<Awaited<ReturnType<RuntimeApi["loadModel"]>>>

/** Lanes and the thread that uploads carry the name of the runtime's thread, which began them. */
const hostTimes = (runtimeThread: number): Pass => {
  let [runtimeMs, workerMs, allMs] = [0, 0, 0]
  for (const { id, name, processorMs } of threadTimes()) {
    if (name === runtimeThreadName && id !== runtimeThread) continue
    allMs += processorMs
    if (id === runtimeThread) runtimeMs += processorMs
    if (name === workerThreadName) workerMs += processorMs
  }
  return { runtimeMs, workerMs, allMs }
}

const spent = (before: Pass, after: Pass, tasks: number): Pass => ({
  runtimeMs: (after.runtimeMs - before.runtimeMs) / tasks,
  workerMs: (after.workerMs - before.workerMs) / tasks,
  allMs: (after.allMs - before.allMs) / tasks,
})

const runAll = async (runtime: RuntimeApi, graph: GraphHandle, handles: Handles) => {
  const tasks = runtime.submitAll(handles.map((model) => ({ graph, model, share: false })))
  await Promise.all(tasks.map(({ result }) => result))
}

interface Passes {
  /** The first networks of a runtime. */
  readonly cold: Pass
  /** The others. */
  readonly fresh: Pass
  readonly known: Pass
  /** Of all passes, for each task. */
  readonly uploads: number
  /** From the first submission until a task is ready. */
  readonly firstReadyMs: number
  /** From one that is ready to the next, where many come at once. */
  readonly freshReadyMs: number
  readonly knownReadyMs: number
}

/** Milliseconds between tasks that come at once, from ready to ready. */
const readyStepMs = (tasks: ReadonlyArray<TaskRecord>): number => {
  const readyMs = tasks.flatMap(({ readyAtMs }) => (readyAtMs === null ? [] : [readyAtMs]))
  return (Math.max(...readyMs) - Math.min(...readyMs)) / (readyMs.length - 1)
}

/** Every network, all at once: first what it needs is made, then it is there. */
const measurePasses = async (runtime: RuntimeApi, runtimeThread: number): Promise<Passes> => {
  const loaded = await runtime.loadGraph(graph)
  const handles = await Promise.all(models.map((model) => runtime.loadModel(model)))
  // As a workload is checked before it runs: whole plans are there.
  for (const model of handles) await runtime.estimate({ graph: loaded, model })
  const start = hostTimes(runtimeThread)
  await runAll(runtime, loaded, handles.slice(0, coldNetworks))
  const warm = hostTimes(runtimeThread)
  await runAll(runtime, loaded, handles.slice(coldNetworks))
  const between = hostTimes(runtimeThread)
  const known: Array<Pass> = []
  for (let i = 0; i < knownPasses; i++) {
    const before = hostTimes(runtimeThread)
    await runAll(runtime, loaded, handles)
    known.push(spent(before, hostTimes(runtimeThread), networks))
  }
  const { memory, tasks } = await runtime.report()
  const uploads = memory.filter(({ change, kind }) => kind === "resident" && change === "grant")
  const came = tasks.toSorted((a, b) => a.submittedAtMs - b.submittedAtMs)
  const passOf = (first: number, count: number) => came.slice(first, first + count)
  const knownPassesOf = Array.from({ length: knownPasses }, (_, i) =>
    passOf((1 + i) * networks, networks),
  )
  return {
    firstReadyMs: Math.min(...came.map(({ readyAtMs }) => readyAtMs!)) - came[0]!.submittedAtMs,
    freshReadyMs: readyStepMs(passOf(coldNetworks, networks - coldNetworks)),
    knownReadyMs: Math.min(...knownPassesOf.map(readyStepMs)),
    cold: spent(start, warm, coldNetworks),
    fresh: spent(warm, between, networks - coldNetworks),
    known: known.toSorted((a, b) => a.runtimeMs - b.runtimeMs)[0]!,
    uploads: uploads.length / tasks.length,
  }
}

const passesWith = (
  memoryBytes: number,
  profile: DeviceProfile,
): Effect.Effect<Passes, GnnschedError> =>
  attempt(async () => {
    const others = new Set(threadTimes().map(({ id }) => id))
    const options = { policy: "base", lanes: 1, memoryBytes, profile } as const
    const runtime = await Runtime.open({ ...addonOption(), ...options })
    const begun = threadTimes().filter(
      ({ id, name }) => name === runtimeThreadName && !others.has(id),
    )
    try {
      return await measurePasses(runtime, Math.min(...begun.map(({ id }) => id)))
    } finally {
      await runtime.close()
    }
  })

/** The kernel's number of the thread that asks: a process's first thread carries the process's. */
const ownMs = (): number =>
  threadTimes().find(({ id }) => id === process.pid)?.processorMs ?? Number.NaN

/** Processor time of making the smaller plans of all networks, for each operator of theirs. */
const measurePlanning = (profile: DeviceProfile): number => {
  const { shape } = loadGraph(graph)
  const requests = models.map((source) => {
    const model = loadGnnModel(source)
    const request = { config: model.config, shape, targets: null, alignBytes: 64, profile }
    return { ...request, ginEps: ginEps(model) }
  })
  const startMs = ownMs()
  let ops = 0
  for (const request of requests) {
    const plans = planFrontier(request)
    if (plans._tag === "Failure") throw plans.failure
    for (const plan of plans.success.slice(1)) ops += plan.ops.length
  }
  return (ownMs() - startMs) / ops
}

export interface HostCosts {
  readonly host: HostProfile
  readonly dispatchMs: number
}

/** null where the system does not say what threads take. */
export const measureHost = (
  profile: DeviceProfile,
): Effect.Effect<HostCosts | null, GnnschedError> =>
  Effect.gen(function* () {
    if (threadTimes().length === 0) return null
    const ample = yield* passesWith(ampleBytes, profile)
    const scarce = yield* passesWith(scarceBytes, profile)
    const known = ample.known.runtimeMs
    const passes = [ample.cold, ample.fresh, ample.known, scarce.fresh, scarce.known]
    const sum = (of: (pass: Pass) => number) => passes.reduce((all, pass) => all + of(pass), 0)
    // What scarce memory adds: residents that gave way come again.
    const uploadMs = Math.max(0, scarce.known.runtimeMs - known) / Math.max(1, scarce.uploads)
    const freshMs = Math.max(0, ample.fresh.runtimeMs - known)
    const least = (of: (passes: Passes) => number) => Math.min(of(ample), of(scarce))
    const takeInMs = Math.min(
      known,
      least((of) => of.knownReadyMs),
    )
    const orderMs = Math.min(freshMs, Math.max(0, least((of) => of.freshReadyMs) - takeInMs))
    // The rest is what comes first of its kind when it is brought to the device: with ample memory, once.
    const firstUploads = ample.uploads * (1 + knownPasses)
    return {
      dispatchMs: known - takeInMs,
      host: {
        cores: availableParallelism(),
        warmUpMs: Math.max(0, least((of) => of.firstReadyMs) - takeInMs),
        takeInMs,
        orderMs,
        uploadMs: Math.max(uploadMs, (freshMs - orderMs) / Math.max(1, firstUploads)),
        planOpMs: measurePlanning(profile),
        makeMs: (ample.fresh.workerMs + scarce.fresh.workerMs) / 2,
        helpers: Math.max(
          1,
          sum((pass) => pass.allMs) / sum((pass) => pass.runtimeMs + pass.workerMs),
        ),
      },
    }
  })
