// Runs a workload in virtual time on a simulated device: every task submitted at its moment, the
// report of a run with the workload's own names.
import { Clock, Effect } from "effect"
import { isTerminal } from "../../model/Task.ts"
import type { GnnSchedService } from "../../runtime/GnnSched.ts"
import { inVirtualTime } from "../../runtime/inVirtualTime.ts"
import { openSimulation, type SimulationOptions } from "../../runtime/simulation.ts"
import type { GnnschedError } from "../describeError.ts"
import { type LoadedWorkload, type Loader, loadWorkload, namedReport } from "../loadWorkload.ts"
import type { Progress } from "../progress.ts"
import type { NamedReport } from "../report/RunInputs.ts"
import type { Workload } from "../workload/Workload.ts"

/** Submissions of one moment before the actors take their turn: less than a mailbox holds. */
const burst = 1024

const loaderOf = (service: GnnSchedService): Loader => ({
  loadGraph: service.loadGraph,
  loadModel: service.loadModel,
  estimate: ({ graph, model, targets }) => service.estimate(graph.id, model.id, targets),
})

const submitAll = (
  service: GnnSchedService,
  { workload, graphs, models }: LoadedWorkload,
): Effect.Effect<void, GnnschedError> =>
  Effect.gen(function* () {
    const startMs = yield* Clock.currentTimeMillis
    let submitted = 0
    for (const task of workload.tasks.toSorted((a, b) => a.atMs - b.atMs)) {
      const waitMs = startMs + task.atMs - (yield* Clock.currentTimeMillis)
      if (waitMs > 0) yield* Effect.sleep(waitMs)
      if (++submitted % burst === 0) yield* Effect.yieldNow
      yield* service.submit({
        id: task.id,
        tenant: task.tenant,
        graph: graphs.get(task.graph)!.id,
        model: models.get(task.model)!.id,
        nodes: task.nodes,
        deadlineMs: task.deadlineMs,
        priority: task.priority,
        share: task.share,
      })
    }
  })

const follow = (service: GnnSchedService, total: number, progress: Progress) => {
  let done = 0
  let hurt = 0
  return service.listen((_, state) => {
    if (!isTerminal(state)) return
    if (state !== "completed") hurt++
    progress.update(++done, total, hurt)
  })
}

/** A task that fails is a line of the report, not an error here. */
export const simulateWorkload = (
  workload: Workload,
  options: SimulationOptions,
  progress: Progress,
): Effect.Effect<NamedReport, GnnschedError> =>
  Effect.gen(function* () {
    const service = yield* openSimulation(options)
    const loaded = yield* loadWorkload(loaderOf(service), workload, progress)
    yield* follow(service, workload.tasks.length, progress)
    yield* submitAll(service, loaded)
    yield* service.drain
    return namedReport(loaded, yield* service.report)
  }).pipe(Effect.scoped, inVirtualTime)
