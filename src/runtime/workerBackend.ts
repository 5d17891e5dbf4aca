// The application's side of the runtime worker: starts it, calls it through Comlink, and turns its
// loss into a typed error for everything that waits.
import { extname } from "node:path"
import { MessageChannel, Worker } from "node:worker_threads"
import * as Comlink from "comlink"
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs"
import type { StateListener } from "../actors/TaskBook.ts"
import { RuntimeFailed } from "../model/errors.ts"
import type { TaskSpec } from "../model/Task.ts"
import type { Backend } from "./Backend.ts"
import { type Envelope, reviveReport, unseal } from "./Envelope.ts"
import type { RuntimeOptions, TaskResult } from "./RuntimeApi.ts"
import type { News, RemoteBackend } from "./runtimeWorker.ts"
import { Submissions } from "./Submissions.ts"

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
  const submissions = new Submissions()
  lost.catch((error) => submissions.lost(error))
  port1.on("message", (news: News) => {
    if (news._tag === "Ended") submissions.ended(news.key, news.end)
    else for (const [id, state] of news.moves) onState(id, state)
  })
  const call = async <A>(answer: Promise<Envelope<A>>): Promise<A> =>
    unseal(await Promise.race([answer, lost]))
  const submit = (specs: ReadonlyArray<TaskSpec>): ReadonlyArray<Promise<TaskResult>> => {
    const { ends, sent } = submissions.add(specs)
    const [first, ...others] = sent
    if (first !== undefined) {
      remote.submit([first, ...others]).then(
        (end) => submissions.ended(first.key, end),
        (error) => submissions.refused(sent, error),
      )
    }
    return ends
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
      submit,
      cancel: (id) => call(remote.cancel(id)),
      estimate: (graph, model, targets) => call(remote.estimate(graph, model, targets)),
      ready: () => call(remote.ready()),
      drain: () => call(remote.drain()),
      report: async () => reviveReport(await call(remote.report())),
      close: async () => {
        await call(remote.close())
        // Every task has ended; its answer may still be on the way.
        await submissions.settled()
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
