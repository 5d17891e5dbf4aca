// A clock and a scheduler of fibers for simulations: time stands still while any fiber has something
// to do and jumps to the next sleeper when none has. One queue in order of arrival holds what is to
// run, so the same program takes the same steps in every run.
import { Duration, Effect, type Scheduler } from "effect"
import type { AlarmClock } from "../device/sim/AlarmClock.ts"

interface Sleeper {
  readonly atNanos: number
  /** Order of going to sleep: who slept first wakes first. */
  readonly seq: number
  /** null: it was interrupted meanwhile. */
  wake: (() => void) | null
}

const isBefore = (a: Sleeper, b: Sleeper): boolean =>
  a.atNanos === b.atNanos ? a.seq < b.seq : a.atNanos < b.atNanos

const nanosOf = (ms: number): number => Math.round(ms * 1e6)

/** A binary heap of sleepers, the next to wake first. */
class Sleepers {
  readonly #heap: Array<Sleeper> = []

  push(sleeper: Sleeper): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(sleeper)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(sleeper, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = sleeper
  }

  pop(): Sleeper | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (child >= heap.length || !isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

export class VirtualTime implements Scheduler.Scheduler, AlarmClock {
  readonly executionMode = "async"
  #nowNanos = 0
  #nowBig = 0n
  #seq = 0
  readonly #sleepers = new Sleepers()
  /** What is to run now, from `#next` on. */
  #queue: Array<() => void> = []
  #next = 0
  readonly #dispatcher: Scheduler.SchedulerDispatcher = {
    scheduleTask: (task) => this.#queue.push(task),
    // Nobody may run ahead of the queue.
    flush: () => undefined,
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return this.#dispatcher
  }

  shouldYield(fiber: Parameters<Scheduler.Scheduler["shouldYield"]>[0]): boolean {
    return fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield
  }

  currentTimeMillisUnsafe(): number {
    return this.#nowNanos / 1e6
  }

  currentTimeNanosUnsafe(): bigint {
    return this.#nowBig
  }

  monotonicTimeNanosUnsafe(): bigint {
    return this.#nowBig
  }

  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.#nowBig)
  readonly monotonicTimeNanos = Effect.sync(() => this.#nowBig)

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    const nanos = nanosOf(Duration.toMillis(duration))
    if (nanos <= 0) return Effect.yieldNow
    return Effect.callback<void>((resume) => {
      const sleeper = this.#sleep(nanos, () => resume(Effect.void))
      return Effect.sync(() => {
        sleeper.wake = null
      })
    })
  }

  readonly alarm = (afterMs: number, ring: () => void): void => {
    this.#sleep(Math.max(0, nanosOf(afterMs)), ring)
  }

  #sleep(nanos: number, wake: () => void): Sleeper {
    const sleeper: Sleeper = { atNanos: this.#nowNanos + nanos, seq: this.#seq++, wake }
    this.#sleepers.push(sleeper)
    return sleeper
  }

  /** Takes `count` steps at most; false when nothing is left to happen. */
  run(count: number): boolean {
    for (let step = 0; step < count; step++) {
      if (this.#next === this.#queue.length) {
        this.#queue = []
        this.#next = 0
        if (!this.#wakeNext()) return false
      } else this.#queue[this.#next++]!()
    }
    return true
  }

  #wakeNext(): boolean {
    for (;;) {
      const sleeper = this.#sleepers.pop()
      if (sleeper === undefined) return false
      if (sleeper.wake === null) continue
      if (!Number.isSafeInteger(sleeper.atNanos)) {
        throw new Error(`virtual time: ${sleeper.atNanos} ns is beyond what it can count`)
      }
      this.#nowNanos = sleeper.atNanos
      this.#nowBig = BigInt(sleeper.atNanos)
      sleeper.wake()
      return true
    }
  }
}
