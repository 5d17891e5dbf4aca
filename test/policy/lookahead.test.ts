// What a decision has read stays read: the list is at every moment what reading anew would give.
import { expect, it } from "vitest"
import { choiceOf, firstOf, Lookahead, lookahead } from "../../src/policy/Lookahead.ts"
import { byAgedTime } from "../../src/policy/sjf.ts"
import { WaitingQueue } from "../../src/policy/WaitingQueue.ts"
import { testRandom } from "../support/random.ts"
import { tasksOf } from "./world.ts"

it("a lookahead is what reading anew gives, whatever is taken, with tasks that ask for the same", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = testRandom(seed)
    const shares = seed % 3 === 0 ? 0 : seed % 3 === 1 ? 20 : 400
    const inputs = Array.from({ length: 10 + random.int(700) }, () => ({
      arenaBytes: 64,
      predictedMs: 1 + random.int(50),
    }))
    const tasks = tasksOf(inputs).map((task) =>
      random.int(500) < shares ? { ...task, workKey: `same-${random.int(5)}` } : task,
    )
    const order = WaitingQueue.of(tasks).ordered(byAgedTime)
    const taken = new Set<string>()
    const ahead = new Lookahead(order, taken)
    for (let turn = 0; turn < 40; turn++) {
      const first = ahead.tasks()
      expect(first, `seed ${seed}, turn ${turn}`).toEqual(firstOf(order, taken))
      expect(first.length).toBeLessThanOrEqual(lookahead)
      if (first.length === 0) break
      for (let i = random.int(3); i >= 0; i--) taken.add(choiceOf(first[random.int(first.length)]!))
    }
  }
})
