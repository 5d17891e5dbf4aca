// Flags that several commands share, each with the form it expects.
import { Option } from "effect"
import { Flag } from "effect/cli"
import { limits } from "../model/limits.ts"
import { precisions } from "../model/precision.ts"
import { byteForms, parseBytes } from "./units.ts"

export const formatFlag = Flag.Literals("format", ["table", "json"]).pipe(
  Flag.withDescription("How results (and errors) are printed; default: table"),
  Flag.withDefault("table"),
)

export const quietFlag = Flag.Boolean("quiet").pipe(
  Flag.withAlias("q"),
  Flag.withDescription("Print results only, no progress"),
  Flag.withDefault(false),
)

export const deviceFlag = Flag.Literals("device", ["cpu", "cuda", "reference"]).pipe(
  Flag.withDescription(
    "cpu: native kernels; cuda: a GPU; reference: TypeScript in float64, slow, the oracle; default: cpu",
  ),
  Flag.withDefault("cpu"),
)

export const precisionFlag = Flag.Literals("precision", precisions).pipe(
  Flag.withDescription(
    "fp32; tf32: faster products; fp16, bf16: activations in two bytes as well; default: fp32",
  ),
  Flag.withDefault("fp32"),
)

export const bytesFlag = (name: string): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.withMetavar("BYTES"),
    Flag.filterMap(
      (text) => Option.filter(Option.fromNullishOr(parseBytes(text)), (value) => value > 0),
      () => byteForms,
    ),
  )

export const memoryFlag = bytesFlag("memory").pipe(
  Flag.filter(
    (value) => value >= limits.minBudgetBytes,
    () => `at least ${limits.minBudgetBytes} bytes`,
  ),
  Flag.withDescription(
    `The device's memory budget: ${byteForms}; default: a quarter of the memory there is`,
  ),
  Flag.optional,
)

/** A number for which `holds`; whatever else is given, the answer says what is `expected`. */
export const numberFlag = (
  name: string,
  expected: string,
  holds: (value: number) => boolean,
): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.withMetavar("N"),
    Flag.filterMap(
      (text) => {
        const value = text.trim() === "" ? Number.NaN : Number(text)
        return Number.isFinite(value) && holds(value) ? Option.some(value) : Option.none()
      },
      () => expected,
    ),
  )

/** A whole number from `low` to `high`. */
export const wholeFlag = (name: string, low: number, high: number): Flag.Flag<number> =>
  numberFlag(
    name,
    `a whole number from ${low} to ${high}`,
    (value) => Number.isInteger(value) && value >= low && value <= high,
  )

export const lanesFlag = wholeFlag("lanes", 1, limits.maxLanes).pipe(
  Flag.withDescription("Tasks that run at once; default: one per core"),
  Flag.optional,
)

export const seedFlag = wholeFlag("seed", 0, Number.MAX_SAFE_INTEGER).pipe(
  Flag.withDescription("Seed of a preset, and of random features; default: 0"),
  Flag.withDefault(0),
)

export const scaleFlag = numberFlag(
  "scale",
  "a number greater than 0 and at most 1",
  (value) => value > 0 && value <= 1,
).pipe(
  Flag.withDescription("Share of a preset's published nodes and edges; default: 1"),
  Flag.withDefault(1),
)

export const profileFlag = Flag.String("profile").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("Predict by the profile that gnnsched calibrate wrote for the device"),
  Flag.optional,
)

export const outFlag = Flag.String("out").pipe(
  Flag.withAlias("o"),
  Flag.withMetavar("DIR"),
  Flag.filter(
    (text) => text.trim() !== "",
    () => "the path of a folder",
  ),
)
