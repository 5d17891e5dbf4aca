// The runtime worker: a thread of its own for scheduling, so that a busy application thread cannot
// delay a decision. It serves a Backend through Comlink, one call per task.
import { type MessagePort, parentPort } from "node:worker_threads"
import * as Comlink from "comlink"
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs"
import type { TaskState } from "../model/Task.ts"
import { type Backend, openBackend } from "./Backend.ts"
import { type Envelope, type PlainReport, plainReport, seal } from "./Envelope.ts"
import type { RuntimeOptions } from "./RuntimeApi.ts"
import { rehearsing } from "./warmUp.ts"

/** Moves of tasks since the last message, in order. */
export type StateChanges = ReadonlyArray<readonly [id: string, state: TaskState]>

type Sealed<F> = F extends (...args: infer Args) => Promise<infer A>
  ? (...args: Args) => Promise<Envelope<A>>
  : never

export type RemoteBackend = {
  readonly [K in Exclude<keyof Backend, "device" | "report">]: Sealed<Backend[K]>
} & {
  open(options: RuntimeOptions, states: MessagePort): Promise<Envelope<Backend["device"]>>
  report(): Promise<Envelope<PlainReport>>
}

/** One message for all the moves of a turn of the event loop. */
const stateSender = (port: MessagePort): ((id: string, state: TaskState) => void) => {
  let pending: Array<readonly [string, TaskState]> = []
  return (id, state) => {
    if (pending.length === 0) {
      setImmediate(() => {
        port.postMessage(pending)
        pending = []
      })
    }
    pending.push([id, state])
  }
}

const serve = (): RemoteBackend => {
  let backend: Backend
  return {
    open: (options, states) =>
      seal(
        openBackend(options, stateSender(states)).then((opened) => {
          backend = options.warmUp === false ? opened : rehearsing(opened, options)
          return opened.device
        }),
      ),
    loadGraph: (source) => seal(backend.loadGraph(source)),
    loadModel: (source) => seal(backend.loadModel(source)),
    submit: (spec) => seal(backend.submit(spec)),
    cancel: (id) => seal(backend.cancel(id)),
    estimate: (graph, model, targets) => seal(backend.estimate(graph, model, targets)),
    drain: () => seal(backend.drain()),
    report: () => seal(backend.report().then(plainReport)),
    close: () => seal(backend.close()),
  }
}

if (parentPort === null) throw new Error("runtimeWorker.ts runs only as a worker thread")
Comlink.expose(serve(), nodeEndpoint(parentPort))
