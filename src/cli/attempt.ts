// The border between promises of the runtime and Effects of the command line: a rejection with a
// tagged error is an expected failure, any other is a defect.
import { Effect } from "effect"
import { type GnnschedError, isGnnschedError } from "./describeError.ts"

export const attempt = <A>(start: () => Promise<A>): Effect.Effect<A, GnnschedError> =>
  Effect.tryPromise({ try: start, catch: (cause) => cause }).pipe(
    Effect.catch((cause) => (isGnnschedError(cause) ? Effect.fail(cause) : Effect.die(cause))),
  )

/** The same for code that throws. */
export const attemptSync = <A>(run: () => A): Effect.Effect<A, GnnschedError> =>
  Effect.try({ try: run, catch: (cause) => cause }).pipe(
    Effect.catch((cause) => (isGnnschedError(cause) ? Effect.fail(cause) : Effect.die(cause))),
  )
