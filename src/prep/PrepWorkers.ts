// The worker threads: one Piscina pool, one job a thread at a time. A job that overstays is aborted
// and its thread replaced; a job lost to a death that was not its own is run once more.
import { Effect, type Scope, Semaphore } from "effect"
import { Piscina } from "piscina"
import { type InputError, type PrepError, PrepTimeout, PrepWorkerLost } from "../model/errors.ts"
import { fromPlain } from "../model/plainError.ts"
import type { PrepPoolOptions } from "./PrepPool.ts"
import type {
  PrepEnvelope,
  PrepInput,
  PrepJob,
  PrepJobKind,
  PrepOutput,
  PrepReply,
} from "./prepJob.ts"

export interface PrepWorkers {
  /** `name` is what errors call the job. */
  readonly run: <K extends PrepJobKind>(
    name: string,
    kind: K,
    input: PrepInput<K>,
  ) => Effect.Effect<PrepOutput<K>, InputError | PrepError>
}

/** The part of Piscina that is used: rejects when the job's thread is lost. */
export interface JobRunner {
  readonly run: (envelope: PrepEnvelope, options: { signal: AbortSignal }) => Promise<PrepReply>
}

/** The job never reached its thread's code: the thread died of something else. */
interface NotTaken {
  readonly _tag: "NotTaken"
  readonly lost: PrepWorkerLost
}

type RunError = InputError | PrepError | NotTaken

/** Beside this file, in source (.ts) as in the build (.js). */
const workerFile = (): string => {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
  return new URL(`./prepWorker.${extension}`, import.meta.url).href
}

const openPiscina = (threads: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      // As many threads at least as at most: a lost one is replaced at once.
      const pool = new Piscina({
        filename: workerFile(),
        minThreads: threads,
        maxThreads: threads,
        concurrentTasksPerWorker: 1,
        recordTiming: false,
      })
      // A thread that dies with no job hurts nobody and has been replaced; without a listener the
      // event would end the process.
      pool.on("error", () => undefined)
      return pool
    }),
    (pool) => Effect.promise(() => pool.destroy()),
  )

const lost = (job: string, reason: string, transient: boolean): PrepWorkerLost =>
  new PrepWorkerLost({ job, reason, transient })

const rejected = (name: string, cause: unknown, taken: Int32Array): RunError => {
  const reason = cause instanceof Error ? cause.message : `${cause}`
  // What cannot be cloned cannot be cloned the second time either.
  if (cause instanceof Error && cause.name === "DataCloneError") return lost(name, reason, false)
  const failure = lost(name, reason, true)
  return Atomics.load(taken, 0) === 1 ? failure : { _tag: "NotTaken", lost: failure }
}

const readReply = (name: string, reply: PrepReply): Effect.Effect<unknown, RunError> => {
  switch (reply.kind) {
    case "done":
      return Effect.succeed(reply.value)
    case "failed":
      return Effect.fail(fromPlain(reply.error) as InputError)
    case "broken":
      return Effect.fail(lost(name, reply.reason, false))
  }
}

const runOnce = (
  runner: JobRunner,
  name: string,
  job: PrepJob,
  timeoutMs: number,
): Effect.Effect<unknown, RunError> =>
  Effect.suspend(() => {
    const taken = new Int32Array(new SharedArrayBuffer(4))
    const envelope: PrepEnvelope = { job, taken }
    return Effect.tryPromise({
      // Interruption aborts the signal; Piscina then ends the thread and starts another.
      try: (signal) => runner.run(envelope, { signal }),
      catch: (cause) => rejected(name, cause, taken),
    })
  }).pipe(
    Effect.flatMap((reply) => readReply(name, reply)),
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () => Effect.fail(new PrepTimeout({ job: name, timeoutMs, transient: false })),
    }),
  )

/** Jobs wait here, not in the runner: the time limit of a job starts when it has a thread. */
export const prepWorkersOver = (
  runner: JobRunner,
  options: PrepPoolOptions,
): Effect.Effect<PrepWorkers> =>
  Effect.map(Semaphore.make(options.threads), (threads) => ({
    run: (name, kind, input) => {
      const job = { kind, input } as PrepJob
      const once = runOnce(runner, name, job, options.timeoutMs)
      return Semaphore.withPermit(threads, once).pipe(
        Effect.catchTag("NotTaken", () => Semaphore.withPermit(threads, once)),
        Effect.catchTag("NotTaken", (twice) => Effect.fail(twice.lost)),
      ) as Effect.Effect<PrepOutput<typeof kind>, InputError | PrepError>
    },
  }))

/** Opens `options.threads` worker threads for the life of the scope. */
export const openPrepWorkers = (
  options: PrepPoolOptions,
): Effect.Effect<PrepWorkers, never, Scope.Scope> =>
  Effect.flatMap(openPiscina(options.threads), (pool) => prepWorkersOver(pool, options))
