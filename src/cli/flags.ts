// Flags that several commands share, each with the form it expects.
import { Option } from "effect"
import { Flag } from "effect/cli"
import { limits } from "../model/limits.ts"
import { byteForms, parseBytes } from "./units.ts"

export const formatFlag = Flag.Literals("format", ["table", "json"]).pipe(
  Flag.withDescription("How results (and errors) are printed"),
  Flag.withDefault("table"),
)

export const quietFlag = Flag.Boolean("quiet").pipe(
  Flag.withAlias("q"),
  Flag.withDescription("Print results only, no progress"),
  Flag.withDefault(false),
)

export const deviceFlag = Flag.Literals("device", ["cpu", "reference"]).pipe(
  Flag.withDescription("cpu: native kernels; reference: TypeScript in float64, slow, the oracle"),
  Flag.withDefault("cpu"),
)

const bytes = (name: string): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.withMetavar("BYTES"),
    Flag.filterMap(
      (text) => Option.filter(Option.fromNullishOr(parseBytes(text)), (value) => value > 0),
      () => byteForms,
    ),
  )

export const memoryFlag = bytes("memory").pipe(
  Flag.filter(
    (value) => value >= limits.minBudgetBytes,
    () => `at least ${limits.minBudgetBytes} bytes`,
  ),
  Flag.withDescription(
    `The device's memory budget: ${byteForms}; default: a quarter of the memory there is`,
  ),
  Flag.optional,
)

/** A whole number from `low` to `high`. */
export const wholeFlag = (name: string, low: number, high: number): Flag.Flag<number> =>
  Flag.Int(name).pipe(
    Flag.filter(
      (value) => value >= low && value <= high,
      () => `a whole number from ${low} to ${high}`,
    ),
  )

export const lanesFlag = wholeFlag("lanes", 1, limits.maxLanes).pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("Tasks that run at once; default: one per core"),
  Flag.optional,
)

export const seedFlag = wholeFlag("seed", 0, Number.MAX_SAFE_INTEGER).pipe(
  Flag.withDescription("Seed of a preset's structure and features"),
  Flag.withDefault(0),
)

export const scaleFlag = Flag.Finite("scale").pipe(
  Flag.filter(
    (value) => value > 0 && value <= 1,
    () => "a number greater than 0 and at most 1",
  ),
  Flag.withDescription("Share of a preset's published nodes and edges"),
  Flag.withDefault(1),
)

export const outFlag = Flag.String("out").pipe(
  Flag.withAlias("o"),
  Flag.withMetavar("DIR"),
  Flag.filter(
    (text) => text.trim() !== "",
    () => "the path of a folder",
  ),
)
