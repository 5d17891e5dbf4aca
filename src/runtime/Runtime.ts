// The Promise face of the embedded runtime. By default the runtime lives in its own worker thread;
// `inProcess: true` keeps it in the caller's.
import * as Result from "effect/Result"
import type { StateListener } from "../actors/TaskBook.ts"
import type { Explanation } from "../model/Explanation.ts"
import { explainTask } from "../model/explainTask.ts"
import { isTerminal, type TaskSpec, type TaskState } from "../model/Task.ts"
import { type Backend, openBackend } from "./Backend.ts"
import type {
  RuntimeApi,
  RuntimeOptions,
  SubmitInput,
  TaskHandle,
  TaskResult,
} from "./RuntimeApi.ts"
import { openWorkerBackend } from "./workerBackend.ts"

class Handle implements TaskHandle {
  readonly id: string
  readonly result: Promise<TaskResult>
  readonly #cancel: () => Promise<void>
  readonly #listeners = new Set<(state: TaskState) => void>()
  #state: TaskState = "queued"

  constructor(id: string, result: Promise<TaskResult>, cancel: () => Promise<void>) {
    this.id = id
    this.result = result
    this.#cancel = cancel
  }

  get state(): TaskState {
    return this.#state
  }

  cancel(): Promise<void> {
    return this.#cancel()
  }

  onState(listener: (state: TaskState) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** News may come twice (by message and by result) and late: a terminal state stays. */
  enter(state: TaskState): void {
    if (state === this.#state || isTerminal(this.#state)) return
    this.#state = state
    for (const listener of this.#listeners) listener(state)
  }
}

const refusals: ReadonlySet<string> = new Set([
  "TooLarge",
  "QueueFull",
  "DeadlineInfeasible",
  "QuotaExceeded",
  "DuplicateTask",
  "UnknownId",
  "RuntimeClosed",
])

const terminalStateOf = (error: unknown): TaskState => {
  const tag = (error as { readonly _tag?: string })._tag ?? ""
  if (tag === "TaskCancelled") return "cancelled"
  if (tag === "TaskExpired") return "expired"
  return refusals.has(tag) ? "rejected" : "failed"
}

class PromiseRuntime implements RuntimeApi {
  readonly #backend: Backend
  readonly #handles: Map<string, Handle>
  #nextId = 1
  #closed: Promise<void> | null = null

  constructor(backend: Backend, handles: Map<string, Handle>) {
    this.#backend = backend
    this.#handles = handles
  }

  get device(): RuntimeApi["device"] {
    return this.#backend.device
  }

  loadGraph: RuntimeApi["loadGraph"] = (source) => this.#backend.loadGraph(source)
  loadModel: RuntimeApi["loadModel"] = (source) => this.#backend.loadModel(source)
  ready: RuntimeApi["ready"] = () => this.#backend.ready()
  report: RuntimeApi["report"] = () => this.#backend.report()

  async explain(id: string): Promise<Explanation> {
    const explained = explainTask(await this.#backend.report(), id)
    if (Result.isFailure(explained)) throw explained.failure
    return explained.success
  }

  estimate: RuntimeApi["estimate"] = ({ graph, model, targets }) =>
    this.#backend.estimate(graph.id, model.id, targets ?? null)

  submit(input: SubmitInput): TaskHandle {
    return this.submitAll([input])[0]!
  }

  submitAll(inputs: ReadonlyArray<SubmitInput>): ReadonlyArray<TaskHandle> {
    const specs = inputs.map((input) => this.#specOf(input))
    const results = this.#backend.submit(specs)
    return specs.map(({ id }, i) => this.#handleOf(id, results[i]!))
  }

  #specOf(input: SubmitInput): TaskSpec {
    return {
      id: input.id ?? `task-${this.#nextId++}`,
      tenant: input.tenant ?? "default",
      graph: input.graph.id,
      model: input.model.id,
      nodes: input.nodes ?? null,
      deadlineMs: input.deadlineMs ?? null,
      priority: input.priority ?? 0,
      share: input.share ?? true,
    }
  }

  #handleOf(id: string, result: Promise<TaskResult>): Handle {
    const handle = new Handle(id, result, () => this.#cancel(handle))
    if (!this.#handles.has(id)) this.#handles.set(id, handle)
    const settle = (state: TaskState) => {
      if (this.#handles.get(id) === handle) this.#handles.delete(id)
      handle.enter(state)
    }
    // Also marks a rejection as seen: a caller that only listens to states must not be ended by it.
    result.then(
      () => settle("completed"),
      (error) => settle(terminalStateOf(error)),
    )
    return handle
  }

  /** The handles have heard of the end too when this resolves. */
  async drain(): Promise<void> {
    const results = [...this.#handles.values()].map(({ result }) => result)
    await this.#backend.drain()
    await Promise.allSettled(results)
  }

  close(): Promise<void> {
    this.#closed ??= this.#backend.close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A handle that was refused for its id must not cancel the task that has the id. */
  async #cancel(handle: Handle): Promise<void> {
    if (this.#handles.get(handle.id) === handle) await this.#backend.cancel(handle.id)
  }
}

export const Runtime = {
  /**
   * Opens the device and starts the scheduler. Rejects with DeviceUnavailable or BadConfig.
   *
   * @example
   * await using runtime = await Runtime.open({ memoryBytes: 512 * 2 ** 20 })
   */
  open: async (options: RuntimeOptions = {}): Promise<RuntimeApi> => {
    const handles = new Map<string, Handle>()
    const onState: StateListener = (id, state) => handles.get(id)?.enter(state)
    const here = options.inProcess === true || typeof options.policy === "function"
    const open = here ? openBackend : openWorkerBackend
    return new PromiseRuntime(await open(options, onState), handles)
  },
}
