// How tasks slow each other, for every set of them that a play asks about: sets are bits of a number, and what
// was asked once is known.
import { slowdownInto } from "../cost/interference.ts"
import type { InterferenceModel } from "../model/Interference.ts"
import type { Demand } from "../model/Plan.ts"

/** Tasks that one such table can tell apart. */
export const mostSideBySide = 30

/** A set of tasks that run side by side. */
export interface Company {
  /** By place; 1 for those that are not in it. */
  readonly slowdowns: ReadonlyArray<number>
  /** Work of all of them in a unit of time. */
  readonly speed: number
}

export class SideBySide {
  readonly #demands: ReadonlyArray<Demand>
  readonly #model: InterferenceModel
  /** Of one or two: nearly all that plays ask about, and a list is read faster than a map. */
  readonly #pairs: Array<Company | undefined>
  readonly #others = new Map<number, Company>()
  readonly #together: Array<Demand> = []
  readonly #each: Array<number> = []

  constructor(demands: ReadonlyArray<Demand>, model: InterferenceModel) {
    this.#demands = demands
    this.#model = model
    this.#pairs = new Array<Company | undefined>(demands.length ** 2).fill(undefined)
  }

  /** Of those whose bits are set; not of none. */
  of(set: number): Company {
    const last = 31 - Math.clz32(set)
    const rest = set ^ (1 << last)
    const first = rest === 0 ? last : 31 - Math.clz32(rest)
    if ((rest & (rest - 1)) !== 0) return this.#ofMany(set)
    const at = last * this.#demands.length + first
    this.#pairs[at] ??= this.#reckon(set)
    return this.#pairs[at]
  }

  #ofMany(set: number): Company {
    const known = this.#others.get(set)
    if (known !== undefined) return known
    const company = this.#reckon(set)
    this.#others.set(set, company)
    return company
  }

  #reckon(set: number): Company {
    const count = this.#demands.length
    const together = this.#together
    together.length = 0
    for (let place = 0; place < count; place++) {
      if ((set & (1 << place)) !== 0) together.push(this.#demands[place]!)
    }
    const each = slowdownInto(this.#each, together, this.#model)
    const slowdowns = new Array<number>(count).fill(1)
    let speed = 0
    for (let place = 0, next = 0; place < count; place++) {
      if ((set & (1 << place)) === 0) continue
      const slowdown = each[next++]!
      slowdowns[place] = slowdown
      speed += 1 / slowdown
    }
    return { slowdowns, speed }
  }
}
