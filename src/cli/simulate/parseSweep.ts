// From `policy=base,sjf` and `load=0.5,1` to every combination of them, the first key outermost.
import { Effect } from "effect"
import { BadConfig } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { policyNames } from "../../model/Snapshot.ts"
import type { SweepPoint } from "./SweepPoint.ts"

const maxCombinations = 1000

const number = (text: string): number | null =>
  /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : null

const whole = (text: string, low: number, high: number): number | null => {
  const value = number(text)
  return value !== null && Number.isInteger(value) && value >= low && value <= high ? value : null
}

const oneOf = <A extends string>(text: string, all: ReadonlyArray<A>): A | null =>
  all.find((name) => name === text) ?? null

const modes = ["groups", "continuous"] as const

/** How each key reads a value, and what it expects. */
const readers: {
  readonly [K in keyof SweepPoint]: {
    readonly read: (text: string) => SweepPoint[K]
    readonly expected: string
  }
} = {
  policy: { read: (text) => oneOf(text, policyNames), expected: policyNames.join(", ") },
  mode: { read: (text) => oneOf(text, modes), expected: modes.join(", ") },
  load: {
    read: (text) => (Number(number(text)) > 0 ? number(text) : null),
    expected: "numbers above 0",
  },
  lanes: {
    read: (text) => whole(text, 1, limits.maxLanes),
    expected: `whole numbers from 1 to ${limits.maxLanes}`,
  },
  seed: {
    read: (text) => whole(text, 0, Number.MAX_SAFE_INTEGER),
    expected: "whole numbers of at least 0",
  },
}

const keys = Object.keys(readers) as ReadonlyArray<keyof SweepPoint>
const unset: SweepPoint = { policy: null, mode: null, load: null, lanes: null, seed: null }

const problem = (expected: string, found: string): BadConfig =>
  new BadConfig({ file: "command line", path: "--sweep", expected, found })

/** The points of one axis, each with a single field set. */
const axisOf = (text: string): Effect.Effect<ReadonlyArray<Partial<SweepPoint>>, BadConfig> => {
  const [name = "", values = ""] = text.split("=", 2)
  const key = oneOf(name, keys)
  if (key === null) return Effect.fail(problem(`KEY=A,B,… with a key of ${keys.join(", ")}`, text))
  return Effect.forEach(values.split(","), (value) => {
    const read = readers[key].read(value)
    return read === null
      ? Effect.fail(problem(`${key}= with ${readers[key].expected}`, text))
      : Effect.succeed({ [key]: read })
  })
}

/** `axes` as given: one or more `KEY=A,B` each, apart by spaces. */
export const parseSweep = Effect.fnUntraced(function* (
  axes: ReadonlyArray<string>,
): Effect.fn.Return<ReadonlyArray<SweepPoint>, BadConfig> {
  let points: ReadonlyArray<SweepPoint> = [unset]
  const seen = new Set<string>()
  for (const text of axes.flatMap((axis) => axis.split(/\s+/)).filter((axis) => axis !== "")) {
    const name = text.split("=", 1)[0]!
    if (seen.has(name)) return yield* problem("each key once", `${name} twice`)
    seen.add(name)
    const axis = yield* axisOf(text)
    points = points.flatMap((point) => axis.map((field) => ({ ...point, ...field })))
    if (points.length > maxCombinations) {
      return yield* problem(`at most ${maxCombinations} combinations`, `${points.length}`)
    }
  }
  return points
})
