// Runs a loaded workload on an open runtime: submits each task at its time, writes outputs as they
// come, and answers the report with the workload's own names.
import { Clock, Effect, Fiber, Ref, Semaphore } from "effect"
import type { TaskOutput } from "../model/Task.ts"
import { encodeNpy } from "../prep/npy.ts"
import type { RuntimeApi, SubmitInput, TaskHandle } from "../runtime/RuntimeApi.ts"
import { attempt } from "./attempt.ts"
import type { GnnschedError } from "./describeError.ts"
import { type LoadedWorkload, type Loader, namedReport } from "./loadWorkload.ts"
import type { Progress } from "./progress.ts"
import type { OutputFolder } from "./report/OutputFolder.ts"
import type { NamedReport } from "./report/RunInputs.ts"
import { taskSchedule } from "./workload/taskSchedule.ts"
import { outputName, type WorkloadTask } from "./workload/Workload.ts"

/** Outputs that are written at the same time. */
const writers = 4

/** A runtime as something that loads. */
export const loaderOf = (runtime: RuntimeApi): Loader => ({
  loadGraph: (source) => attempt(() => runtime.loadGraph(source)),
  loadModel: (source) => attempt(() => runtime.loadModel(source)),
  estimate: ({ graph, model, targets }) =>
    attempt(() => runtime.estimate({ graph, model, ...(targets === null ? {} : { targets }) })),
})

const writeOutput = (folder: OutputFolder | null, taskId: string, output: TaskOutput) =>
  folder === null
    ? Effect.void
    : folder.stageOutput(outputName(taskId), encodeNpy([output.rows, output.cols], output.data))

/** Of tasks in order of time those from `at` on that are due by now, and with the first: timers may be early. */
const dueFrom = (timed: ReadonlyArray<WorkloadTask>, at: number, nowMs: number) => {
  const untilMs = Math.max(nowMs, timed[at]!.atMs)
  let end = at + 1
  while (end < timed.length && timed[end]!.atMs <= untilMs) end++
  return timed.slice(at, end)
}

/** Submits, waits, and reports. A task that fails is a line of the report, not an error here. */
export const runLoaded = Effect.fnUntraced(function* (
  runtime: RuntimeApi,
  loaded: LoadedWorkload,
  folder: OutputFolder | null,
  progress: Progress,
): Effect.fn.Return<NamedReport, GnnschedError> {
  const { graphs, models, workload } = loaded
  const total = workload.tasks.length
  const ended = yield* Ref.make({ done: 0, hurt: 0 })
  const writing = yield* Semaphore.make(writers)
  const count = (hurt: number) =>
    Ref.updateAndGet(ended, (was) => ({ done: was.done + 1, hurt: was.hurt + hurt })).pipe(
      Effect.map((now) => progress.update(now.done, total, now.hurt)),
    )
  const follow = (task: WorkloadTask, submitted: Promise<{ readonly output: TaskOutput }>) =>
    attempt(() => submitted).pipe(
      Effect.matchEffect({
        onSuccess: ({ output }) =>
          Effect.andThen(writing.withPermit(writeOutput(folder, task.id, output)), count(0)),
        // Why it failed is in the runtime's report.
        onFailure: () => count(1),
      }),
    )
  const inputOf = (task: WorkloadTask): SubmitInput => ({
    id: task.id,
    tenant: task.tenant,
    graph: graphs.get(task.graph)!,
    model: models.get(task.model)!,
    nodes: task.nodes,
    deadlineMs: task.deadlineMs,
    priority: task.priority,
    share: task.share ?? true,
  })
  const { next, timed } = taskSchedule(workload.tasks)
  /** To the task's end, and on with the one that comes after it. */
  const followAll = Effect.fnUntraced(function* (first: WorkloadTask, handle: TaskHandle) {
    yield* follow(first, handle.result)
    for (let task = next.get(first.id); task !== undefined; task = next.get(task.id)) {
      yield* Effect.sleep(task.after!.thinkMs)
      yield* follow(task, runtime.submit(inputOf(task)).result)
    }
  })
  yield* attempt(() => runtime.ready())
  const startMs = yield* Clock.currentTimeMillis
  const followers: Array<Fiber.Fiber<void, GnnschedError>> = []
  for (let at = 0; at < timed.length; ) {
    const waitMs = startMs + timed[at]!.atMs - (yield* Clock.currentTimeMillis)
    if (waitMs > 0) yield* Effect.sleep(waitMs)
    const due = dueFrom(timed, at, (yield* Clock.currentTimeMillis) - startMs)
    const handles = runtime.submitAll(due.map(inputOf))
    for (const [i, task] of due.entries()) {
      followers.push(yield* Effect.forkChild(followAll(task, handles[i]!)))
    }
    at += due.length
  }
  yield* Fiber.joinAll(followers)
  return namedReport(loaded, yield* attempt(() => runtime.report()))
})
