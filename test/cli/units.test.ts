// Sizes and durations as they are typed on the command line and in workload files.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  formatBytes,
  formatBytesExactly,
  formatCount,
  formatMs,
  parseBytes,
  parseDuration,
} from "../../src/cli/units.ts"

describe("parseBytes", () => {
  it.each([
    ["512MiB", 512 * 2 ** 20],
    ["2GiB", 2 * 2 ** 30],
    ["1.5GB", 1.5e9],
    ["1048576", 1048576],
    ["64 KiB", 65536],
    ["0.3B", 0],
    ["7kb", 7000],
  ])("reads %s as %d bytes", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  it.each(["", "-1", "12 parsecs", "1e9", "MiB", "0x10", "1,5GB", "NaN", "9999999TiB", "1..5MB"])(
    "refuses %j",
    (text) => {
      expect(parseBytes(text)).toBeNull()
    },
  )

  it("counts every byte of a whole number of any binary unit", () => {
    const units = [["KiB", 10] as const, ["MiB", 20] as const, ["GiB", 30] as const]
    fc.assert(
      fc.property(fc.nat(8191), fc.constantFrom(...units), (value, [unit, power]) => {
        expect(parseBytes(`${value}${unit}`)).toBe(value * 2 ** power)
      }),
    )
  })

  it("never answers anything but a whole number of bytes, or null", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const bytes = parseBytes(text)
        expect(bytes === null || (Number.isSafeInteger(bytes) && bytes >= 0)).toBe(true)
      }),
    )
  })
})

describe("parseDuration", () => {
  it.each<[string | number, number]>([
    ["500ms", 500],
    ["2s", 2000],
    ["1m", 60_000],
    ["1.5 min", 90_000],
    ["250us", 0.25],
    ["1h", 3_600_000],
    ["40", 40],
    [40, 40],
    [0, 0],
  ])("reads %j as %d ms", (value, ms) => {
    expect(parseDuration(value)).toBe(ms)
  })

  it.each<string | number>(["", "-5ms", "5 days", "abc", -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses %j",
    (value) => {
      expect(parseDuration(value)).toBeNull()
    },
  )

  it("reads a number of milliseconds the same with and without its unit", () => {
    fc.assert(
      fc.property(fc.nat(1e9), (ms) => {
        expect(parseDuration(`${ms}ms`)).toBe(ms)
        expect(parseDuration(ms)).toBe(ms)
        expect(parseDuration(String(ms))).toBe(ms)
      }),
    )
  })
})

describe("what is shown", () => {
  it("shows sizes and times with a unit and at most three digits of precision", () => {
    expect(formatBytes(1_572_864)).toBe("1.5 MiB")
    expect(formatBytes(0)).toBe("0 B")
    expect(formatMs(0.25)).toBe("250 µs")
    expect(formatMs(61_000)).toBe("1.02 min")
    expect(formatCount(1234567)).toBe("1,234,567")
    expect(formatBytesExactly(1_572_864)).toBe("1.5 MiB (1,572,864 bytes)")
  })

  it("keeps a shown size within half a percent of the true one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (bytes) => {
        const shown = parseBytes(formatBytes(bytes)) as number
        expect(Math.abs(shown - bytes)).toBeLessThanOrEqual(Math.max(1, bytes * 0.0051))
      }),
    )
  })
})
