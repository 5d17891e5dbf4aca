// The runtime worker: a thread of its own for scheduling, so that a busy application thread cannot
// delay a decision. It serves a Backend through Comlink; how tasks move and end it tells on a port of its own.
import { type MessagePort, parentPort } from "node:worker_threads"
import * as Comlink from "comlink"
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs"
import type { TaskState } from "../model/Task.ts"
import { type Backend, openBackend } from "./Backend.ts"
import { type Envelope, type PlainReport, plainReport, seal } from "./Envelope.ts"
import type { RuntimeOptions, TaskResult } from "./RuntimeApi.ts"
import type { Sent } from "./Submissions.ts"
import { rehearsing } from "./warmUp.ts"

type Move = readonly [id: string, state: TaskState]

/** The moves of tasks since the last message, in order; the end of one that was submitted beside others. */
export type News =
  | { readonly _tag: "Moved"; readonly moves: ReadonlyArray<Move> }
  | { readonly _tag: "Ended"; readonly key: number; readonly end: Envelope<TaskResult> }

type Sealed<F> = F extends (...args: infer Args) => Promise<infer A>
  ? (...args: Args) => Promise<Envelope<A>>
  : never

export type RemoteBackend = {
  readonly [K in Exclude<keyof Backend, "device" | "submit" | "report">]: Sealed<Backend[K]>
} & {
  open(options: RuntimeOptions, news: MessagePort): Promise<Envelope<Backend["device"]>>
  /** The answer is the end of the first, a message less for whoever submits one; the others' ends are news. */
  submit(batch: readonly [Sent, ...ReadonlyArray<Sent>]): Promise<Envelope<TaskResult>>
  report(): Promise<Envelope<PlainReport>>
}

interface Reporter {
  readonly moved: (id: string, state: TaskState) => void
  readonly ended: (key: number, end: Envelope<TaskResult>) => void
}

/** One message for all the moves of a turn of the event loop. */
const reporterTo = (port: MessagePort): Reporter => {
  const post = (news: News) => port.postMessage(news)
  let moves: Array<Move> = []
  const postMoves = () => {
    post({ _tag: "Moved", moves })
    moves = []
  }
  return {
    moved: (id, state) => {
      if (moves.length === 0) setImmediate(postMoves)
      moves.push([id, state])
    },
    ended: (key, end) => post({ _tag: "Ended", key, end }),
  }
}

const serve = (): RemoteBackend => {
  let backend: Backend
  let reporter: Reporter
  return {
    open: (options, news) => {
      reporter = reporterTo(news)
      return seal(
        openBackend(options, reporter.moved).then((opened) => {
          backend = options.warmUp === false ? opened : rehearsing(opened, options)
          return opened.device
        }),
      )
    },
    loadGraph: (source) => seal(backend.loadGraph(source)),
    loadModel: (source) => seal(backend.loadModel(source)),
    submit: (batch) => {
      const [first, ...others] = backend.submit(batch.map(({ spec }) => spec))
      for (const [i, end] of others.entries()) {
        void seal(end).then((sealed) => reporter.ended(batch[i + 1]!.key, sealed))
      }
      return seal(first!)
    },
    cancel: (id) => seal(backend.cancel(id)),
    estimate: (graph, model, targets) => seal(backend.estimate(graph, model, targets)),
    ready: () => seal(backend.ready()),
    drain: () => seal(backend.drain()),
    report: () => seal(backend.report().then(plainReport)),
    close: () => seal(backend.close()),
  }
}

if (parentPort === null) throw new Error("runtimeWorker.ts runs only as a worker thread")
Comlink.expose(serve(), nodeEndpoint(parentPort))
