// The application's side of the runtime worker: starts it, calls it through Comlink, and turns its
// loss into a typed error for everything that waits.
import { extname } from "node:path"
import { MessageChannel, Worker } from "node:worker_threads"
import * as Comlink from "comlink"
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs"
import type { StateListener } from "../actors/TaskBook.ts"
import { RuntimeFailed } from "../model/errors.ts"
import type { Backend } from "./Backend.ts"
import { type Envelope, reviveReport, unseal } from "./Envelope.ts"
import type { RuntimeOptions } from "./RuntimeApi.ts"
import type { RemoteBackend, StateChanges } from "./runtimeWorker.ts"

export const openWorkerBackend = async (
  options: RuntimeOptions,
  onState: StateListener,
): Promise<Backend> => {
  const worker = new Worker(
    new URL(`./runtimeWorker${extname(import.meta.url)}`, import.meta.url),
    {
      name: "gnnsched",
    },
  )
  const lost = lossOf(worker)
  const remote = Comlink.wrap<RemoteBackend>(nodeEndpoint(worker))
  const { port1, port2 } = new MessageChannel()
  port1.on("message", (changes: StateChanges) => {
    for (const [id, state] of changes) onState(id, state)
  })
  const call = async <A>(answer: Promise<Envelope<A>>): Promise<A> =>
    unseal(await Promise.race([answer, lost]))
  const outstanding = new Set<Promise<unknown>>()
  const tracked = <A>(answer: Promise<A>): Promise<A> => {
    outstanding.add(answer)
    const forget = () => outstanding.delete(answer)
    answer.then(forget, forget)
    return answer
  }
  const close = async () => {
    port1.close()
    await worker.terminate()
  }
  try {
    const device = await call(remote.open(options, Comlink.transfer(port2, [port2 as never])))
    return {
      device,
      loadGraph: (source) => call(remote.loadGraph(source)),
      loadModel: (source) => call(remote.loadModel(source)),
      submit: (spec) => tracked(call(remote.submit(spec))),
      cancel: (id) => call(remote.cancel(id)),
      estimate: (graph, model, targets) => call(remote.estimate(graph, model, targets)),
      drain: () => call(remote.drain()),
      report: async () => reviveReport(await call(remote.report())),
      close: async () => {
        await call(remote.close())
        // Every task has ended; its answer may still be on the way.
        await Promise.allSettled(outstanding)
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Rejects when the worker ends before it was told to. */
const lossOf = (worker: Worker): Promise<never> => {
  const lost = new Promise<never>((_, reject) => {
    const fail = (reason: string) => reject(new RuntimeFailed({ actor: "runtime worker", reason }))
    worker.once("error", (error) => fail(String(error)))
    worker.once("exit", (code) => fail(`exited with status ${code}`))
  })
  // The exit after close() is expected; nobody waits for it then.
  lost.catch(() => undefined)
  return lost
}
