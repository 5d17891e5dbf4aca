// Tasks that differ, in one run: targets on one graph by their union, small graphs side by side. It is
// made at the moment in which a lane takes one of them, of those that wait then; each gets the rows that
// it would have had alone.
import { Effect } from "effect"
import { PoolLayout } from "../cost/PoolLayout.ts"
import type { InputError, PrepError } from "../model/errors.ts"
import { FirstAtHand } from "../model/FirstAtHand.ts"
import { limits } from "../model/limits.ts"
import type { MemoryView } from "../model/MemoryView.ts"
import type { TaskOutput } from "../model/Task.ts"
import { sharedFloat32 } from "../model/Tensor.ts"
import { type WaitingTask, withPlan } from "../model/WaitingTask.ts"
import { graphsOf } from "../prep/uniteGraphs.ts"
import { companyOf } from "./companyOf.ts"
import type { LiveTask, Member, Party } from "./LiveTask.ts"
import { hopsOf, type NeighbourhoodOptions, planOnPart } from "./neighbourhoodPlan.ts"
import { waitingOf } from "./PausedTask.ts"
import type { PreparedTask, Scope } from "./PreparedTask.ts"
import { type PrepareOptions, preparePlans } from "./preparePlans.ts"
import { copyOf, sameRun, sharedRun } from "./SharedRun.ts"
import { ownBytes } from "./workKey.ts"

export interface MergeOptions extends NeighbourhoodOptions, PrepareOptions {
  readonly nowMs: () => number
}

type Merged = Effect.Effect<LiveTask | null, InputError | PrepError>

/** What else there is when a party is to start. */
export interface Around {
  /** Those that wait and may join. */
  readonly similar: ReadonlySet<LiveTask>
  /** Those that start after it; there must be room for them still. */
  readonly next: ReadonlyArray<Party>
  readonly memory: MemoryView
}

export const withoutCompany = ({ leader, same }: Party): LiveTask =>
  same.length === 0 ? leader : sameRun(leader, same)

/** The run that answers the party, and others where that costs nobody anything. */
export const runOf = (
  options: MergeOptions,
  party: Party,
  { memory, next, similar }: Around,
): Effect.Effect<LiveTask> =>
  Effect.map(mergeRun(options, party, similar), (merged) =>
    merged !== null && haveRoom(merged, next, memory) ? merged : withoutCompany(party),
  )

const haveRoom = (run: LiveTask, next: ReadonlyArray<Party>, memory: MemoryView): boolean => {
  const layout = PoolLayout.fromView(memory)
  const fits = (task: WaitingTask) => layout.place(task) !== null
  return (
    fits(run.prepared!.waiting) &&
    next.every(({ leader, plan }) =>
      fits(plan > 0 ? withPlan(waitingOf(leader), plan) : waitingOf(leader)),
    )
  )
}

/** null where it would answer none of `others`. */
const mergeRun = (
  options: MergeOptions,
  party: Party,
  others: Iterable<LiveTask>,
): Effect.Effect<LiveTask | null> => {
  const { prepared, spec } = party.leader
  const forAllNodes = prepared!.merge.joins === null ? answerTargets : mergeGraphs
  const merge = spec.nodes === null ? forAllNodes : mergeTargets
  // Whatever is wrong with them together, alone each hears of its own.
  return Effect.orElseSucceed(merge(options, party, others), () => null)
}

/** These rows of a run's output, in this order. */
const rowsOf =
  (rows: ArrayLike<number>): Member["answer"] =>
  ({ cols, data, ...whole }): TaskOutput => {
    if (data.length === 0) return { cols, data, ...whole }
    const own = sharedFloat32(rows.length * cols)
    for (let i = 0; i < rows.length; i++) {
      const from = rows[i]! * cols
      own.set(data.subarray(from, from + cols), i * cols)
    }
    return { rows: rows.length, cols, data: own }
  }

const noSize = () => 0

/** The run has all nodes' rows: whoever asks for some of them has only to be told. */
const answerTargets = (options: MergeOptions, party: Party, others: Iterable<LiveTask>): Merged =>
  Effect.sync(() => {
    const { leader, same } = party
    const bounds = { sizeOf: noSize, maxSize: 0, addsTime: false, nowMs: options.nowMs() }
    const company = companyOf(party, others, bounds)
    if (company.length === 0) return null
    return sharedRun(leader, leader.prepared!, [
      { task: leader, answer: (output) => output },
      ...same.map((task) => ({ task, answer: copyOf })),
      ...company.map((task) => ({ task, answer: rowsOf(task.spec.nodes!) })),
    ])
  })

const isPart = ({ graph, prepared }: LiveTask): boolean => prepared!.scope.graph !== graph

function* partsOf(tasks: Iterable<LiveTask>): Generator<LiveTask> {
  for (const task of tasks) if (isPart(task)) yield task
}

const visited = ({ prepared }: LiveTask): number => {
  const { numEdges, numNodes } = prepared!.scope.graph.shape
  return numEdges + numNodes
}

const mergeTargets = (options: MergeOptions, party: Party, others: Iterable<LiveTask>): Merged =>
  Effect.gen(function* () {
    const { leader, same } = party
    const part = isPart(leader)
    const nowMs = options.nowMs()
    const company = part
      ? companyOf(party, partsOf(others), {
          sizeOf: visited,
          maxSize: limits.maxInlineVisited,
          addsTime: true,
          nowMs,
        })
      : companyOf(party, others, {
          sizeOf: ({ spec }) => spec.nodes!.length,
          maxSize: limits.maxInlineTargets,
          addsTime: false,
          nowMs,
        })
    if (company.length === 0) return null
    const members = [leader, ...same, ...company]
    const rows = new Map<number, number>()
    for (const { spec } of members) {
      for (const node of spec.nodes!) if (!rows.has(node)) rows.set(node, rows.size)
    }
    const scope = yield* scopeOf(options, leader, Int32Array.from(rows.keys()))
    const prepared = yield* planned(options, leader, scope)
    return sharedRun(
      leader,
      prepared,
      members.map((task) => {
        const own = Int32Array.from(task.spec.nodes!, (node) => rows.get(node)!)
        return { task, answer: rowsOf(own) }
      }),
    )
  })

/** What the union of the targets depends on, where the leader's own are run on a part. */
const scopeOf = (
  { prep }: MergeOptions,
  leader: LiveTask,
  targets: Int32Array,
): Effect.Effect<Scope, InputError | PrepError> =>
  Effect.gen(function* () {
    const { graph, model, spec } = leader
    if (!isPart(leader)) return { graph, targets }
    const hops = hopsOf(model.config)
    const maxVisited = limits.maxInlineVisited
    const request = { taskId: spec.id, graph, targets, hops, maxVisited }
    const found = yield* prep.neighbourhood(request)
    // Their sizes together were within the bound: the union's is too.
    return { graph: found!.graph, targets: found!.rows }
  })

const planned = (
  options: MergeOptions,
  leader: LiveTask,
  scope: Scope,
): Effect.Effect<PreparedTask, InputError | PrepError> =>
  Effect.gen(function* () {
    const { variants } = leader.prepared!.plan
    const plan = yield* Effect.fromResult(planOnPart(options, leader, scope, variants))
    return yield* preparePlans(options, leader, { ...scope, plans: new FirstAtHand(plan) })
  })

/** Each graph once, in the order of those that ask. */
const mergeGraphs = (options: MergeOptions, party: Party, others: Iterable<LiveTask>): Merged =>
  Effect.gen(function* () {
    const { leader, same } = party
    const { batchSize, pooling } = leader.model.config
    const company = companyOf(party, others, {
      sizeOf: ({ prepared }) => ownBytes(prepared!.plan),
      maxSize: limits.mergedBytes,
      addsTime: true,
      nowMs: options.nowMs(),
    })
    if (company.length === 0) return null
    const members = [leader, ...same, ...company]
    const graphs = [...new Map(members.map(({ graph }) => [graph.contentId, graph])).values()]
    const leastGraphs = pooling === null ? null : batchSize
    const firstRows = new Map<string, number>()
    let rows = 0
    const rowsIn = ({ shape }: LiveTask["graph"]) =>
      leastGraphs === null ? shape.numNodes : graphsOf(shape, leastGraphs)
    for (const graph of graphs) {
      firstRows.set(graph.contentId, rows)
      rows += rowsIn(graph)
    }
    const graph = yield* options.prep.unite({ graphs, leastGraphs })
    const prepared = yield* planned(options, leader, { graph, targets: null })
    return sharedRun(
      leader,
      prepared,
      members.map((task) => {
        const first = firstRows.get(task.graph.contentId)!
        return { task, answer: slice(first, rowsIn(task.graph)) }
      }),
    )
  })

const slice =
  (first: number, rows: number): Member["answer"] =>
  ({ cols, data, ...whole }): TaskOutput =>
    data.length === 0
      ? { cols, data, ...whole }
      : copyOf({ rows, cols, data: data.subarray(first * cols, (first + rows) * cols) })
