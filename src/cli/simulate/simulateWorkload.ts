// Runs a workload in virtual time on a simulated device: every task submitted at its moment, the
// report of a run with the workload's own names.
import { Clock, Effect, Fiber } from "effect"
import { isTerminal } from "../../model/Task.ts"
import type { EffectTask, GnnSchedService } from "../../runtime/GnnSched.ts"
import { inVirtualTime } from "../../runtime/inVirtualTime.ts"
import { openSimulation, type SimulationOptions } from "../../runtime/simulation.ts"
import type { GnnschedError } from "../describeError.ts"
import { type LoadedWorkload, type Loader, loadWorkload, namedReport } from "../loadWorkload.ts"
import type { Progress } from "../progress.ts"
import type { NamedReport } from "../report/RunInputs.ts"
import { taskSchedule } from "../workload/taskSchedule.ts"
import type { Workload, WorkloadTask } from "../workload/Workload.ts"

/** Submissions of one moment before the actors take their turn: less than a mailbox holds. */
const burst = 1024

const loaderOf = (service: GnnSchedService): Loader => ({
  loadGraph: service.loadGraph,
  loadModel: service.loadModel,
  estimate: ({ graph, model, targets }) => service.estimate(graph.id, model.id, targets),
})

const submitter =
  (service: GnnSchedService, { graphs, models }: LoadedWorkload) =>
  (task: WorkloadTask) =>
    service.submit({
      id: task.id,
      tenant: task.tenant,
      graph: graphs.get(task.graph)!.id,
      model: models.get(task.model)!.id,
      nodes: task.nodes,
      deadlineMs: task.deadlineMs,
      priority: task.priority,
      share: task.share ?? true,
    })

/** Every task by the clock, and those that come after another's end; settles when the last has come. */
const submitAll = (
  service: GnnSchedService,
  loaded: LoadedWorkload,
): Effect.Effect<void, GnnschedError> =>
  Effect.gen(function* () {
    const submit = submitter(service, loaded)
    const { next, timed } = taskSchedule(loaded.workload.tasks)
    const goOn = Effect.fnUntraced(function* (first: EffectTask) {
      let task = first
      for (;;) {
        const follower = next.get(task.id)
        if (follower === undefined) return
        yield* Effect.exit(task.result)
        yield* Effect.sleep(follower.after!.thinkMs)
        task = yield* submit(follower)
      }
    })
    const clients: Array<Fiber.Fiber<void, GnnschedError>> = []
    const startMs = yield* Clock.currentTimeMillis
    let submitted = 0
    for (const task of timed) {
      const waitMs = startMs + task.atMs - (yield* Clock.currentTimeMillis)
      if (waitMs > 0) yield* Effect.sleep(waitMs)
      if (++submitted % burst === 0) yield* Effect.yieldNow
      const live = yield* submit(task)
      if (next.has(task.id)) clients.push(yield* Effect.forkChild(goOn(live)))
    }
    yield* Fiber.joinAll(clients)
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
