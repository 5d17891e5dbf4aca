// What a sweep writes: curves that lose no peak and no task, lines named by what varies, and a page that
// loads nothing and keeps names as text.
import vm from "node:vm"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { sweepScript } from "../../src/cli/report/pageScript.ts"
import { rebaseReport } from "../../src/cli/report/rebaseReport.ts"
import { sweepHtml } from "../../src/cli/report/sweepHtml.ts"
import { pathOf } from "../../src/cli/report/sweepPage/lineChart.ts"
import { linearScale, logScale, logTicks } from "../../src/cli/report/sweepPage/scales.ts"
import { seriesLimit, seriesOf } from "../../src/cli/report/sweepPage/series.ts"
import type { SweepOutcome } from "../../src/cli/simulate/runSweep.ts"
import type { SweepRow } from "../../src/cli/simulate/SweepPoint.ts"
import { curvesOf } from "../../src/cli/simulate/sweepCurves.ts"
import { sampleReport } from "./sampleReport.ts"

const report = rebaseReport(sampleReport({ tasks: 1000, lanes: 3 }), new Map())

const row: SweepRow = {
  policy: "slo",
  mode: "continuous",
  load: 1,
  lanes: 2,
  seed: 0,
  tasks: 3,
  completed: 3,
  meanResponseMs: 1,
  p50ResponseMs: 1,
  p99ResponseMs: 2,
  qosMetRatio: 1,
  makespanMs: 10,
  peakBytes: 100,
}

const outcomeOf = (fields: Partial<SweepRow>): SweepOutcome => ({
  row: { ...row, ...fields },
  curves: { responses: [[1, 1]], memory: [[0, 100]], budgetBytes: 200 },
})

describe("the curves of a point", () => {
  it("rise from the fastest to the slowest task, which is all of them", () => {
    const { responses } = curvesOf(report)
    expect(responses.length).toBeLessThanOrEqual(240)
    const slowest = report.tasks
      .filter(({ status }) => status === "completed")
      .map(({ finishedAtMs, submittedAtMs }) => finishedAtMs! - submittedAtMs)
    expect(responses.at(-1)![0]).toBeCloseTo(Math.max(...slowest), 3)
    expect(responses.at(-1)![1]).toBe(1)
    for (const [i, [ms, share]] of responses.slice(1).entries()) {
      expect(ms).toBeGreaterThanOrEqual(responses[i]![0])
      expect(share).toBeGreaterThan(responses[i]![1])
      const within = slowest.filter((one) => one <= ms + 1e-3).length / slowest.length
      expect(within).toBeGreaterThanOrEqual(share - 1e-9)
    }
  })

  it("keep every peak of the memory, and what is held between changes", () => {
    const event = { kind: "arena", label: "t", change: "grant", offset: 0, bytes: 1 } as const
    const at = (atMs: number, usedBytesAfter: number) => ({ ...event, atMs, usedBytesAfter })
    const endMs = Math.max(...report.tasks.map(({ finishedAtMs }) => finishedAtMs!))
    const memory = [at(0, 10), at(0.5 * endMs, 900), at(0.5 * endMs + 1e-6, 20)]
    const curve = curvesOf({ ...report, memory }).memory
    expect(Math.max(...curve.map(([, bytes]) => bytes))).toBe(900)
    const atTime = (ms: number) => curve.findLast(([fromMs]) => fromMs <= ms)![1]
    expect([atTime(0.25 * endMs), atTime(0.75 * endMs)]).toEqual([10, 20])
  })

  it("are empty of a run in which nothing completed", () => {
    const tasks = report.tasks.map((task) => ({ ...task, status: "failed" as const }))
    expect(curvesOf({ ...report, tasks }).responses).toEqual([])
  })
})

describe("the lines of a sweep", () => {
  it("are named by what varies beside the load, each in order of load", () => {
    const points = [
      outcomeOf({ policy: "base", load: 2 }),
      outcomeOf({ policy: "base", load: 1 }),
      outcomeOf({ policy: "slo", lanes: 1 }),
    ]
    const { loads, series } = seriesOf(points)
    expect(loads).toEqual([1, 2])
    expect(series.map(({ name }) => name)).toEqual(["base, 2 lanes", "slo, 1 lane"])
    expect(series[0]!.outcomes.map((one) => one.row.load)).toEqual([1, 2])
    expect(seriesOf([outcomeOf({})]).series.map(({ name }) => name)).toEqual(["slo"])
  })

  it("look different from each other, as many as there are", () => {
    const { series } = seriesOf(Array.from({ length: 30 }, (_, seed) => outcomeOf({ seed })))
    expect(series).toHaveLength(seriesLimit())
    expect(new Set(series.map(({ color, dash }) => color + dash)).size).toBe(series.length)
  })
})

describe("scales", () => {
  const positive = fc.double({ min: 1e-6, max: 1e9, noNaN: true })

  it("keep the order and the ends, with ticks inside", () => {
    fc.assert(
      fc.property(positive, positive, positive, (a, b, c) => {
        const [low, middle, high] = [a, b, c].sort((x, y) => x - y) as [number, number, number]
        fc.pre(low < high)
        for (const scale of [
          logScale(low, high, { from: 0, to: 100 }),
          linearScale(low, high, { from: 0, to: 100 }, logTicks(low, high)),
        ]) {
          expect(scale.at(low)).toBeCloseTo(0, 6)
          expect(scale.at(high)).toBeCloseTo(100, 6)
          expect(scale.at(middle)).toBeGreaterThanOrEqual(-1e-9)
          expect(scale.at(middle)).toBeLessThanOrEqual(100 + 1e-9)
          expect(scale.ticks.length).toBeLessThanOrEqual(8)
          for (const tick of scale.ticks) {
            expect(tick).toBeGreaterThanOrEqual(low)
            expect(tick).toBeLessThanOrEqual(high)
          }
        }
      }),
    )
  })

  it("draw steps that hold and lines that do not", () => {
    const points = [
      [0, 1],
      [2, 3],
    ] as const
    const same = (value: number) => value
    expect(pathOf(points, same, same, "steps")).toBe("M0 1H2V3")
    expect(pathOf(points, same, same, "straight")).toBe("M0 1L2 3")
  })
})

describe("sweep.html", () => {
  const hostile = `</script><img src=x onerror=alert(1)>&'`
  const facts = { title: hostile, profile: hostile, jitter: 0.05 }
  const html = sweepHtml(facts, [outcomeOf({ policy: "base" }), outcomeOf({})])

  it("loads nothing and keeps names as text", () => {
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
    expect(html).not.toMatch(/<link|<iframe|@import|\bimport\(|fetch\(|url\(/)
    expect(html).toContain("default-src 'none'")
    expect(html).not.toContain("<img")
    expect(html.match(/<\/script/g)).toHaveLength(2)
    const embedded = /id="run-data">(.*?)<\/script>/s.exec(html)![1]!
    expect(JSON.parse(embedded).outcomes).toHaveLength(2)
  })

  it("says what it leaves out", () => {
    const many = Array.from({ length: 30 }, (_, i) => outcomeOf({ seed: i, load: i + 1 }))
    const text = sweepHtml(facts, many)
    expect(text).toContain("The charts show the first 21 of 30 lines.")
    expect(text).toContain("The first 12 of 30 loads have panels.")
  })

  it("carries a script that parses and begins by reading the page", () => {
    const script = sweepScript()
    expect(() => new vm.Script(script).runInNewContext({})).toThrow(/document is not defined/)
  })
})
