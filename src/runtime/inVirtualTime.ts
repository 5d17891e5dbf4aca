// Runs an effect to its end in virtual time, in slices, so that the thread stays answerable.
import { setFlagsFromString } from "node:v8"
import { Clock, Context, Effect, type Exit, Scheduler } from "effect"
import { VirtualTime } from "./VirtualTime.ts"

/** Some tens of milliseconds. */
const simulationSteps = 20_000

/**
 * V8 makes objects old from the start where earlier ones of the same place in the code lived long. Here the
 * ten thousand that wait teach it that of what runs and is gone at once, and what is old keeps alive
 * what it refers to: half of all that is collected, and a fifth of a simulation's time.
 */
const pretenureNothing = (): void => setFlagsFromString("--no-allocation-site-pretenuring")

/** Whole simulations: nothing but them is to be done in this process. */
export const inVirtualTime = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    pretenureNothing()
    return inSlices(effect, simulationSteps)
  })

/**
 * In virtual time, so many steps between two looks at the real event loop. The effect may wait for nothing
 * but time and its own fibers: virtual time cannot know of files or threads. One that waits for what never
 * comes dies.
 */
export const inSlices = <A, E>(
  effect: Effect.Effect<A, E>,
  sliceSteps: number,
): Effect.Effect<A, E> =>
  Effect.callback<A, E>((resume) => {
    const time = new VirtualTime()
    const context = Context.make(Clock.Clock, time).pipe(Context.add(Scheduler.Scheduler, time))
    const fiber = Effect.runForkWith(context)(effect)
    let exit: Exit.Exit<A, E> | null = null
    fiber.addObserver((end) => {
      exit = end
    })
    let timer: NodeJS.Immediate | null = null
    const slice = () => {
      try {
        const more = time.run(sliceSteps)
        if (exit !== null) resume(exit)
        else if (more) timer = setImmediate(slice)
        else resume(Effect.die(new Error("virtual time: the program waits for what never comes")))
      } catch (defect) {
        resume(Effect.die(defect))
      }
    }
    slice()
    return Effect.sync(() => {
      if (timer !== null) clearImmediate(timer)
      fiber.interruptUnsafe()
      while (exit === null && time.run(sliceSteps));
    })
  })
