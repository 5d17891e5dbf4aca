// Bytes, durations and counts as people write and read them. Parsing answers null on anything that
// is not exactly of the form, so that callers can say what they expected.

/** Longest value a unit may carry: beyond it a double no longer counts every byte. */
const maxExact = Number.MAX_SAFE_INTEGER

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

const durationUnits: Readonly<Record<string, number>> = {
  "": 1,
  us: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  min: 60e3,
  h: 3600e3,
}

const measure = (text: string, units: Readonly<Record<string, number>>): number | null => {
  const match = /^(\d{1,16}(?:\.\d{1,9})?)\s?([a-z]*)$/i.exec(text.trim())
  if (match === null) return null
  const unit = match[2]!.toLowerCase()
  if (!Object.hasOwn(units, unit)) return null
  const value = Number(match[1]) * units[unit]!
  return value <= maxExact ? value : null
}

export const byteForms = "bytes such as 512MiB, 2GiB, 1.5GB or 1048576"

/** `512MiB` → 536870912; fractions of a byte round down; null when it is not a size. */
export const parseBytes = (text: string): number | null => {
  const value = measure(text, byteUnits)
  return value === null ? null : Math.floor(value)
}

export const durationForms = "a duration such as 500ms, 2s, 1m, or a number of milliseconds"

/** `2s` → 2000; plain numbers are milliseconds; null when it is not a duration. */
export const parseDuration = (value: string | number): number | null => {
  if (typeof value === "number") {
    return Number.isFinite(value) && value >= 0 && value <= maxExact ? value : null
  }
  return measure(value, durationUnits)
}

const scaled = (value: number, steps: ReadonlyArray<readonly [number, string]>): string => {
  for (const [size, unit] of steps) {
    if (value >= size) return `${trim(value / size)} ${unit}`
  }
  const [size, unit] = steps[steps.length - 1]!
  return `${trim(value / size)} ${unit}`
}

/** Three significant digits at most, no trailing zeros. */
const trim = (value: number): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  const text = value.toFixed(digits)
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text
}

const byteSteps = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
  [1, "B"],
] as const

export const formatBytes = (bytes: number): string => scaled(bytes, byteSteps)

/** `1.5 MiB (1,572,864 bytes)`: what errors show, so that no digit is lost. */
export const formatBytesExactly = (bytes: number): string =>
  bytes < 1024 ? `${bytes} bytes` : `${formatBytes(bytes)} (${formatCount(bytes)} bytes)`

const durationSteps = [
  [3600e3, "h"],
  [60e3, "min"],
  [1e3, "s"],
  [1, "ms"],
  [1e-3, "µs"],
] as const

export const formatMs = (ms: number): string => {
  if (ms === 0) return "0 ms"
  if (ms < 0) return `-${formatMs(-ms)}`
  return scaled(ms, durationSteps)
}

export const formatCount = (count: number): string =>
  count.toString().replace(/^\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ","))

/** Operations or bytes with an SI prefix: `1.2 G`. */
export const formatSi = (value: number): string =>
  scaled(value, [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
    [1, ""],
  ]).trimEnd()

export const formatPercent = (ratio: number): string => `${trim(ratio * 100)} %`
