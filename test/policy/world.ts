// A small world for policies: tasks, snapshots, and a scheduler that obeys a policy to the end.
import { type Placement, PoolLayout } from "../../src/cost/PoolLayout.ts"
import { FirstAtHand } from "../../src/model/FirstAtHand.ts"
import { shares } from "../../src/model/Interference.ts"
import { alignUp, type Demand, noDemand } from "../../src/model/Plan.ts"
import type {
  Decision,
  PlanOption,
  Policy,
  ResidentNeed,
  RunningTask,
  SchedulingMode,
  Snapshot,
  WaitingTask,
} from "../../src/model/Snapshot.ts"
import { withPlan } from "../../src/model/WaitingTask.ts"
import { WaitingQueue } from "../../src/policy/WaitingQueue.ts"

export const align = 64

export interface TaskInput {
  readonly arenaBytes: number
  readonly residents?: ReadonlyArray<ResidentNeed>
  readonly qosTargetMs?: number | null
  readonly tenant?: string
  readonly submittedAtMs?: number
  readonly priority?: number
  readonly predictedMs?: number
  readonly demand?: Demand
  /** Plans besides the whole one: each takes half the arena of the one before, and `slower` times as long. */
  readonly smaller?: number
  readonly slower?: number
}

const footprintOf = (arenaBytes: number, residents: ReadonlyArray<ResidentNeed>): number =>
  residents.reduce((sum, { bytes }) => sum + alignUp(bytes, align), alignUp(arenaBytes, align))

const optionsOf = (
  { arenaBytes, residents = [], ...input }: TaskInput,
  count: number,
): ReadonlyArray<PlanOption> =>
  Array.from({ length: 1 + count }, (_, i) => {
    const bytes = arenaBytes >> i
    const predictedMs = (input.predictedMs ?? 1) * (input.slower ?? 1.5) ** i
    return {
      arenaBytes: bytes,
      residents,
      footprintBytes: footprintOf(bytes, residents),
      predictedMs,
      predictedP95Ms: predictedMs,
      demand: input.demand ?? noDemand,
    }
  })

const choiceOf = ([first, ...others]: ReadonlyArray<PlanOption>): FirstAtHand<PlanOption> =>
  new FirstAtHand(first!, () => others)

/** The tasks in order of arrival; `seq` counts on from `firstSeq`. */
export const tasksOf = (
  inputs: ReadonlyArray<TaskInput>,
  firstSeq = 0,
): ReadonlyArray<WaitingTask> =>
  inputs.map(({ qosTargetMs = null, smaller = 0, ...input }, at) => ({
    id: `t${firstSeq + at}`,
    tenant: input.tenant ?? "a",
    seq: firstSeq + at,
    submittedAtMs: input.submittedAtMs ?? 0,
    qosTargetMs,
    priority: input.priority ?? 0,
    ...optionsOf(input, 0)[0]!,
    ...(smaller > 0 ? { options: choiceOf(optionsOf(input, smaller)) } : {}),
  }))

interface Live {
  readonly task: WaitingTask
  readonly placement: Placement | null
}

export class World {
  readonly layout: PoolLayout
  waiting: ReadonlyArray<WaitingTask>
  readonly running: Array<Live> = []
  startedCount = 0
  readonly #mode: SchedulingMode
  readonly #lanes: number
  readonly #weights: Readonly<Record<string, number>>
  readonly #attained = new Map<string, number>()

  constructor(options: {
    readonly tasks: ReadonlyArray<WaitingTask>
    readonly budgetBytes: number
    readonly lanes: number
    readonly mode: SchedulingMode
    /** Of tenants; 1 where there is none. */
    readonly weights?: Readonly<Record<string, number>>
  }) {
    this.layout = PoolLayout.empty(options.budgetBytes, align)
    this.waiting = options.tasks
    this.#mode = options.mode
    this.#lanes = options.lanes
    this.#weights = options.weights ?? {}
  }

  snapshot(): Snapshot {
    return {
      mode: this.#mode,
      waiting: WaitingQueue.of(this.waiting),
      running: this.running.map(({ task }, lane): RunningTask => {
        const { id, tenant, predictedMs, footprintBytes, demand } = task
        return { id, tenant, lane, startedAtMs: 0, loadMs: 0, predictedMs, footprintBytes, demand }
      }),
      lanesTotal: this.#lanes,
      lanesFree: this.#lanes - this.running.length,
      startedCount: this.startedCount,
      memory: this.layout.view(),
      loadBytesPerMs: Number.POSITIVE_INFINITY,
      interference: shares,
      tenants: this.#tenants(),
      byService: this.#byService(),
    }
  }

  #byService(): Snapshot["byService"] {
    return [...this.#tenants()]
      .map(([tenant, share]) => ({ tenant, ...share }))
      .sort((a, b) => a.attainedMs / a.weight - b.attainedMs / b.weight)
  }

  #tenants(): Snapshot["tenants"] {
    const tasks = [...this.waiting, ...this.running.map(({ task }) => task)]
    return new Map(
      tasks.map(({ tenant }) => [
        tenant,
        { weight: this.#weights[tenant] ?? 1, attainedMs: this.#attained.get(tenant) ?? 0 },
      ]),
    )
  }

  /** Starts what was decided; a placement is null where it did not fit. */
  start(decision: Decision): ReadonlyArray<Placement | null> {
    return decision.start.map((id) => {
      const task = this.waiting.find((candidate) => candidate.id === id)!
      this.waiting = this.waiting.filter((other) => other !== task)
      const chosen = withPlan(task, decision.plans?.[id] ?? 0)
      const placement = this.layout.place(chosen)
      this.running.push({ task: chosen, placement })
      this.startedCount++
      return placement
    })
  }

  end(at: number): void {
    const [ended] = this.running.splice(at, 1)
    if (ended!.placement !== null) this.layout.release(ended!.placement)
    const { tenant, predictedMs } = ended!.task
    this.#attained.set(tenant, (this.#attained.get(tenant) ?? 0) + predictedMs)
  }
}

/** The groups of tasks that a policy makes of a queue in groups mode, to the last task. */
export const groupsOf = (
  policy: Policy,
  options: { readonly tasks: ReadonlyArray<WaitingTask>; budgetBytes: number; lanes: number },
): ReadonlyArray<ReadonlyArray<string>> => {
  const world = new World({ ...options, mode: "groups" })
  const groups: Array<ReadonlyArray<string>> = []
  while (world.waiting.length > 0) {
    const decision = policy(world.snapshot(), 0)
    if (decision.start.length === 0) throw new Error("nothing was started on an idle device")
    world.start(decision)
    groups.push(decision.start)
    while (world.running.length > 0) world.end(0)
  }
  return groups
}
