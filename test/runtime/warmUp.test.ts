// Before its first task a runtime rehearses: with the same actors and policy, in slices, until it is told to end.
import { setImmediate as turn } from "node:timers/promises"
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import { isTerminal } from "../../src/model/Task.ts"
import { openBackend } from "../../src/runtime/Backend.ts"
import { inSlices } from "../../src/runtime/inVirtualTime.ts"
import { type RehearsalOptions, rehearsal, rehearsing, warmUp } from "../../src/runtime/warmUp.ts"

const rehearse = (options: RehearsalOptions) =>
  Effect.runPromise(inSlices(rehearsal(options), 1_000))

const immediates = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === "Immediate").length

describe("a rehearsal", () => {
  it("brings every task to an end, under the policy, mode and admission that are asked for", async () => {
    const all: ReadonlyArray<RehearsalOptions> = [
      {},
      { policy: "base", mode: "groups" },
      { policy: "unsafe" },
      { policy: "slo", admit: "deadline" },
    ]
    for (const options of all) {
      const { policy, mode, settings, tasks } = await rehearse(options)
      expect({ policy, mode, admit: settings.admit }).toEqual({
        policy: "slo",
        mode: "continuous",
        admit: "all",
        ...options,
      })
      expect(tasks.length).toBeGreaterThan(100)
      expect(tasks.every(({ status }) => isTerminal(status))).toBe(true)
    }
  })

  it("meets what decisions depend on: targets that are lost and met, stops, few and many that wait", async () => {
    const { decisions, tasks } = await rehearse({})
    const met = tasks.filter(({ deadlineMs }) => deadlineMs !== null)
    const isMet = (task: (typeof tasks)[number]) =>
      task.finishedAtMs! - task.submittedAtMs <= task.deadlineMs!
    expect(met.some(isMet) && !met.every(isMet)).toBe(true)
    expect(tasks.some(({ runs }) => runs.some(({ end }) => end === "preempted"))).toBe(true)
    const waiting = decisions.map((decision) => decision.waiting)
    expect(Math.min(...waiting)).toBeLessThan(3)
    expect(Math.max(...waiting)).toBeGreaterThan(12)
  })
})

describe("warming up", () => {
  it("leaves nothing to run once it is ended", async () => {
    const before = immediates()
    const end = warmUp({})
    await turn()
    expect(immediates()).toBeGreaterThan(before)
    end()
    await turn()
    await turn()
    expect(immediates()).toBe(before)
  })

  it.each(["submit", "close"] as const)("ends with the first %s", async (call) => {
    const before = immediates()
    const backend = rehearsing(await openBackend({}, () => undefined), {})
    const task = { id: "t", tenant: "x", graph: "none", model: "none", nodes: null }
    const submit = () => backend.submit([{ ...task, deadlineMs: null, priority: 0 }])[0]
    await turn()
    expect(immediates()).toBeGreaterThan(before)
    await (call === "close" ? backend.close() : expect(submit()).rejects.toThrow())
    // A rehearsal takes hundreds of turns.
    for (let i = 0; i < 10; i++) await turn()
    expect(immediates()).toBe(before)
    await backend.close()
  })

  it("does not ask an application's own policy", async () => {
    const policy = vi.fn(() => [])
    const end = warmUp({ policy })
    for (let i = 0; i < 20; i++) await turn()
    end()
    expect(policy).not.toHaveBeenCalled()
  })
})
