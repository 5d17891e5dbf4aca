// Decides, deterministically from the plan's seed, which attempts a fault plan hits, and keeps
// count. The wrappers ask it; nothing else does.
import type { Fault, FaultPlan } from "./FaultPlan.ts"

/** A number in [0, 1) from a seed and a counter (splitmix32). */
const draw = (seed: number, counter: number): number => {
  let z = (seed + Math.imul(counter + 1, 0x9e3779b9)) | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
}

/** Whether a fault's `task` means this task: its id, a prefix that ends in `*`, or null for any. */
export const matchesTask = (pattern: string | null, taskId: string): boolean => {
  if (pattern === null) return true
  return pattern.endsWith("*") ? taskId.startsWith(pattern.slice(0, -1)) : pattern === taskId
}

export class FaultBook {
  readonly #plan: FaultPlan
  readonly #used: Array<number>
  #draws = 0

  constructor(plan: FaultPlan) {
    this.#plan = plan
    this.#used = plan.faults.map(() => 0)
  }

  /** A fault that was taken did not come to pass: it is not counted. */
  giveBack(fault: Fault): void {
    this.#used[this.#plan.faults.indexOf(fault)]!--
  }

  /**
   * The first fault of one of these kinds that hits this attempt, now counted; or null. One that
   * does not apply to the attempt is passed over and not counted.
   */
  take<K extends Fault["kind"]>(
    kinds: ReadonlyArray<K>,
    taskId: string,
    applies: (fault: Extract<Fault, { readonly kind: K }>) => boolean = () => true,
  ): Extract<Fault, { readonly kind: K }> | null {
    for (const [index, fault] of this.#plan.faults.entries()) {
      if (!(kinds as ReadonlyArray<string>).includes(fault.kind)) continue
      if (!matchesTask(fault.task, taskId) || this.#used[index]! >= fault.times) continue
      if (!applies(fault as Extract<Fault, { readonly kind: K }>)) continue
      if (fault.probability < 1 && draw(this.#plan.seed, this.#draws++) >= fault.probability) {
        continue
      }
      this.#used[index]!++
      return fault as Extract<Fault, { readonly kind: K }>
    }
    return null
  }
}
