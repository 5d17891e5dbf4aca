// How the tasks of one kind come where each kind has a source of its own: periodic, Poisson, in bursts,
// or from clients that wait for their answer. What a kind may not say together is told here.
import type { BadConfig } from "../../model/errors.ts"
import type { Random } from "../../prep/random.ts"
import { configProblem } from "../decodeConfig.ts"
import type { ConfigDocument } from "../readConfigFile.ts"
import { parseDuration } from "../units.ts"
import { type FileKind, parseRate } from "./arrivalsSchema.ts"
import { burstTimes, exponential, firstOf, periodicTimes, poissonTimes } from "./arrivalTimes.ts"
import type { FollowUp } from "./Workload.ts"

/** Keys that say how the tasks of a kind come. */
export const sourceKeys = ["every", "at", "rate", "on", "off", "clients", "think", "count"] as const
const mainKeys = ["every", "rate", "clients"] as const

/** For each key, the one it needs beside it. */
const needs = [
  ["at", "every"],
  ["on", "rate"],
  ["off", "rate"],
  ["on", "off"],
  ["off", "on"],
  ["think", "clients"],
] as const

/** Fewer tasks in a burst than this, on average, would be no bursts, and long to look for. */
const leastPerBurst = 0.01

export const checkBursts = (
  document: ConfigDocument,
  path: ReadonlyArray<string>,
  { on, rate }: { readonly on: string | number; readonly rate: string | number },
): BadConfig | null => {
  const perBurst = (parseRate(rate)! * parseDuration(on)!) / 1000
  if (perBurst >= leastPerBurst) return null
  const expected = `a rate and an on of at least ${leastPerBurst} tasks a burst`
  return configProblem(document, [...path, "on"], expected, `${perBurst.toPrecision(2)} a burst`)
}

/** A kind of a mix: one source with its count, and no share. */
export const checkSource = (
  document: ConfigDocument,
  path: ReadonlyArray<string>,
  kind: FileKind,
): BadConfig | null => {
  const main = mainKeys.filter((key) => kind[key] !== undefined)
  if (main.length !== 1) {
    const expected =
      "every, rate or clients: how its tasks come (trace, poisson and bursts are for all)"
    const found = main.length === 0 ? "none of them" : main.join(" and ")
    return configProblem(document, path, expected, found)
  }
  for (const [key, other] of needs) {
    if (kind[key] === undefined || kind[other] !== undefined) continue
    return configProblem(document, [...path, key], `${other} beside it`)
  }
  if (kind.share !== undefined) {
    const expected = "no such key where the kind has a source of its own"
    return configProblem(document, [...path, "share"], expected)
  }
  if (kind.count === undefined) {
    return configProblem(document, path, "a count: how many tasks of the kind come", "none")
  }
  const { on, rate } = kind
  return on === undefined || rate === undefined ? null : checkBursts(document, path, { on, rate })
}

/** When a task comes: at a time, or some time after another of its kind has ended. */
export interface Coming {
  readonly atMs: number
  readonly after?: FollowUp
}

const durationOf = (value: string | number | undefined): number => parseDuration(value ?? 0)!

/** Each client thinks, submits, waits for the end, and thinks again; times to think are exponential. */
const fromClients = (
  { clients, count, think }: FileKind,
  random: Random,
  idOf: (index: number) => string,
): ReadonlyArray<Coming> =>
  Array.from({ length: count! }, (_, index) => {
    const thinkMs = exponential(random, durationOf(think))
    const last = index - clients!
    return last < 0 ? { atMs: thinkMs } : { atMs: 0, after: { id: idOf(last), thinkMs } }
  })

export const comingOf = (
  kind: FileKind,
  random: Random,
  idOf: (index: number) => string,
): ReadonlyArray<Coming> => {
  if (kind.clients !== undefined) return fromClients(kind, random, idOf)
  const perSecond = kind.rate === undefined ? 0 : parseRate(kind.rate)!
  const [onMs, offMs] = [durationOf(kind.on), durationOf(kind.off)]
  const times =
    kind.every !== undefined
      ? periodicTimes(durationOf(kind.every), durationOf(kind.at))
      : kind.on !== undefined
        ? burstTimes({ perSecond, onMs, offMs }, random)
        : poissonTimes(perSecond, random)
  return firstOf(times, kind.count!).map((atMs) => ({ atMs }))
}
