// Random submissions, cancellations and faults with shared work: nothing is lost, nothing ends twice, no
// byte stays behind, and each answer is the one that the task has alone.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit } from "effect"
import type { LiveTask } from "../../src/actors/LiveTask.ts"
import { PoolLayout } from "../../src/cost/PoolLayout.ts"
import { faultDevice } from "../../src/device/faultDevice.ts"
import { openReferenceDevice } from "../../src/device/reference/referenceDevice.ts"
import { FaultBook } from "../../src/model/FaultBook.ts"
import type { Fault } from "../../src/model/FaultPlan.ts"
import { policyNames } from "../../src/model/Snapshot.ts"
import { isTerminal, type TaskOutput, type TaskSpec, type TaskState } from "../../src/model/Task.ts"
import { policies } from "../../src/policy/policies.ts"
import { testRandom } from "../support/random.ts"
import { randomGraph, randomModel } from "../support/sources.ts"
import { advance, open, timed, type World } from "../support/virtualSystem.ts"

const seeds = 25
const width = 4
const graphs = [9, 14, 6].map((nodes, seed) =>
  randomGraph({ nodes, edges: 3 * nodes, width, seed }),
)
const models = (["GCN", "GAT"] as const).map((architecture) =>
  randomModel({ architecture, width, seed: 1 }),
)

type Wanted = Pick<TaskSpec, "graph" | "model" | "nodes">
const keyOf = ({ graph, model, nodes }: Wanted) => JSON.stringify([graph, model, nodes])

const wantedBy = (random: ReturnType<typeof testRandom>): Wanted => ({
  graph: String(random.int(graphs.length)),
  model: String(random.int(models.length)),
  nodes: random.int(2) === 0 ? null : [random.int(6), random.int(3)],
})

const faultsBy = (random: ReturnType<typeof testRandom>): ReadonlyArray<Fault> => {
  const times = { task: null, times: 1 + random.int(3), probability: 0.3 }
  return [
    { kind: "op", op: 1, transient: random.int(2) === 0, ...times },
    { kind: "allocation", transient: true, ...times },
    { kind: "lane", op: 0, ...times },
  ]
}

const openRandom = (seed: number) =>
  Effect.gen(function* () {
    const random = testRandom(seed)
    const inner = timed(yield* openReferenceDevice({ lanes: 2, memoryBytes: 40_960 }))
    const faults = new FaultBook({ seed, faults: faultsBy(random) })
    const safe = policyNames.filter((name) => name !== "unsafe")
    const world = yield* open({
      graphs,
      models,
      shareWork: true,
      device: faultDevice(inner, faults),
      policy: policies[safe[random.int(safe.length)]!],
      mode: random.int(4) === 0 ? "groups" : "continuous",
      expireLate: random.int(2) === 0,
    })
    return { random, world: { ...world, device: inner } }
  })

/** Every answer there is, each from a run of its own. */
const answersAlone = Effect.gen(function* () {
  const known = new Map<string, TaskOutput>()
  const world = yield* open({ graphs, models })
  return (wanted: Wanted) =>
    Effect.gen(function* () {
      const key = keyOf(wanted)
      if (!known.has(key)) {
        const task = yield* world.submit(key, wanted)
        yield* advance(1)
        known.set(key, (yield* Deferred.await(task.done)).output)
      }
      return known.get(key)!
    })
})

const submitAndCancel = (world: World, random: ReturnType<typeof testRandom>) =>
  Effect.gen(function* () {
    const tasks: Array<{ readonly task: LiveTask; readonly wanted: Wanted }> = []
    for (let i = 0; i < 40; i++) {
      const wanted = wantedBy(random)
      const deadlineMs = random.int(3) === 0 ? 5 + random.int(60) : null
      const spec = { ...wanted, deadlineMs, tenant: `t${random.int(3)}`, priority: random.int(3) }
      const id = `n${i}-${random.int(9)}ms`
      tasks.push({
        wanted,
        task: yield* world.submit(id, { ...spec, share: random.int(6) > 0 }),
      })
      if (random.int(3) === 0) yield* advance(1 + random.int(4))
      if (random.int(5) > 0) continue
      const victim = tasks[random.int(tasks.length)]!.task
      yield* Effect.forkChild(world.system.cancel(victim))
    }
    while (world.system.book.liveCount > 0) yield* advance(10)
    yield* world.system.drain
    return tasks
  })

const timeout = 120_000

describe("shared work under random cancellations and faults", () => {
  it.effect(
    "loses nothing, ends nothing twice, answers as if alone",
    () =>
      Effect.gen(function* () {
        const alone = yield* answersAlone
        let shared = 0
        for (let seed = 0; seed < seeds; seed++) {
          const { random, world } = yield* openRandom(seed)
          const ends = new Map<string, Array<TaskState>>()
          world.system.book.listen((id, state) => {
            if (isTerminal(state)) ends.set(id, [...(ends.get(id) ?? []), state])
          })
          for (const { task, wanted } of yield* submitAndCancel(world, random)) {
            const { id } = task.spec
            expect({ seed, id, ends: ends.get(id) }).toEqual({ seed, id, ends: [task.state] })
            const exit = yield* Effect.exit(Deferred.await(task.done))
            expect(Exit.isSuccess(exit)).toBe(task.state === "completed")
            if (!Exit.isSuccess(exit)) continue
            if (exit.value.record.sharedWith !== null) shared++
            const { measuredPeakBytes, predictedPeakBytes } = exit.value.record
            expect({ seed, id, bytes: measuredPeakBytes }).toEqual({
              seed,
              id,
              bytes: predictedPeakBytes,
            })
            expect({ seed, id, output: exit.value.output }).toEqual({
              seed,
              id,
              output: yield* alone(wanted),
            })
          }
          const layout = PoolLayout.fromView(world.system.ledger.view())
          layout.evictIdle()
          expect({ seed, free: layout.view().free }).toEqual({
            seed,
            free: [{ offset: 0, bytes: world.device.info.budgetBytes }],
          })
        }
        expect(shared).toBeGreaterThan(seeds)
      }),
    timeout,
  )
})
