// How tasks slow each other, for every set of them that a play asks about: sets are bits of a number, and what
// was asked once is known.
import { slowdown } from "../cost/interference.ts"
import type { InterferenceModel } from "../model/Interference.ts"
import type { Demand } from "../model/Plan.ts"

/** Tasks that one such table can tell apart. */
export const mostSideBySide = 30

export class SideBySide {
  readonly #demands: ReadonlyArray<Demand>
  readonly #model: InterferenceModel
  readonly #slowdowns = new Map<number, ReadonlyArray<number>>()
  readonly #speeds = new Map<number, number>()

  constructor(demands: ReadonlyArray<Demand>, model: InterferenceModel) {
    this.#demands = demands
    this.#model = model
  }

  /** By place, of those whose bits are set. */
  slowdownsOf(set: number): ReadonlyArray<number> {
    const known = this.#slowdowns.get(set)
    if (known !== undefined) return known
    const all = [...this.#demands.keys()].filter((place) => (set & (1 << place)) !== 0)
    const each = slowdown(
      all.map((place) => this.#demands[place]!),
      this.#model,
    )
    const byPlace = new Array<number>(this.#demands.length).fill(1)
    all.forEach((place, i) => {
      byPlace[place] = each[i]!
    })
    this.#slowdowns.set(set, byPlace)
    return byPlace
  }

  /** Work of all of them in a unit of time. */
  speedOf(set: number): number {
    const known = this.#speeds.get(set)
    if (known !== undefined) return known
    const slowdowns = this.slowdownsOf(set)
    let speed = 0
    for (let place = 0; place < slowdowns.length; place++) {
      if ((set & (1 << place)) !== 0) speed += 1 / slowdowns[place]!
    }
    this.#speeds.set(set, speed)
    return speed
  }
}
