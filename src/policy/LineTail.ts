// The promises behind those that are taken lane by lane: they begin when the lanes together have done all before
// them, at the latest, so sums and extremes of blocks are enough.
import type { Walked } from "./DueWalk.ts"
import type { Block, InLine, Promised } from "./PromiseLine.ts"
import { chanceLate, surely } from "./sureness.ts"

export interface Broken {
  readonly endMs: number
  readonly chanceLate: number
  /** The last promise that is late, by its place, or -1. */
  readonly broken: number
}

/** Were it to begin now. */
export const canBeMet = ({ dueAtMs, runMs }: Promised, nowMs: number): boolean =>
  nowMs + runMs <= dueAtMs

export class LineTail {
  readonly #blocks: ReadonlyArray<Block>
  readonly #headLength: number
  readonly #nowMs: number

  /** `headLength`: how many stand before it. */
  constructor(blocks: ReadonlyArray<Block>, headLength: number, nowMs: number) {
    this.#blocks = blocks
    this.#headLength = headLength
    this.#nowMs = nowMs
  }

  get length(): number {
    return this.#blocks.reduce((all, { members }) => all + members.length, 0)
  }

  /** Promises that are late from `place` on, with the newcomer there or, where it is null, ahead. */
  brokenFrom(place: number, walk: Walked, newcomer: InLine | null): Broken {
    let beginsMs = walk.freeAtMs
    let variance = walk.variance
    let at = this.#headLength
    let broken = -1
    let endMs = Number.POSITIVE_INFINITY
    let late = 1
    const take = ({ shareMs, shareVariance }: InLine) => {
      beginsMs += shareMs
      variance += shareVariance
    }
    const join = () => {
      if (newcomer === null || at !== place || endMs < Number.POSITIVE_INFINITY) return
      const [atMs, varies] = [beginsMs + newcomer.stayMs, variance + newcomer.stayVariance]
      endMs = surely(atMs, varies)
      late = chanceLate(newcomer.promise.dueAtMs, atMs, varies)
      take(newcomer)
    }
    for (const block of this.#blocks) {
      const { latestMs, members, shareMs } = block
      join()
      const parts = place > at && place < at + members.length
      const isLate = at >= place && surely(beginsMs, variance + block.variance) > latestMs
      if (!parts && !isLate) {
        beginsMs += shareMs
        variance += block.shareVariance
        at += members.length
        continue
      }
      for (const member of members) {
        join()
        const { promise, stayMs, stayVariance } = member
        const isBehind = at >= place
        const end = surely(beginsMs + stayMs, variance + stayVariance)
        if (isBehind && end > promise.dueAtMs && canBeMet(promise, this.#nowMs)) broken = at
        take(member)
        at++
      }
    }
    join()
    return { endMs, broken, chanceLate: late }
  }
}
