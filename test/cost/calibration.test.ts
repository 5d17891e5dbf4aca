// The fit of run times and of interference, the correction by observations, and the profile file.
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { CoRuns } from "../../src/cost/CoRuns.ts"
import { fitInterference } from "../../src/cost/calibration/fitInterference.ts"
import { fitTimes, predictRunMs, slowedBy } from "../../src/cost/calibration/fitTimes.ts"
import { nonNegativeFit } from "../../src/cost/calibration/nonNegativeFit.ts"
import { profileText, readProfile } from "../../src/cost/calibration/profileFile.ts"
import { cpuFitted } from "../../src/cost/cpuFitted.ts"
import type { FittedTimes } from "../../src/cost/FittedTimes.ts"
import { slowdown } from "../../src/cost/interference.ts"
import { machines } from "../../src/cost/MachineProfile.ts"
import { TimeCorrection } from "../../src/cost/TimeCorrection.ts"
import { identityEpilogue, type Op } from "../../src/model/Op.ts"
import { testRandom } from "../support/random.ts"

const seed = 11

describe("nonNegativeFit", () => {
  const truth = [2, 0, 0.5]
  const samples = (spoiled: number) => {
    const random = testRandom(seed)
    return Array.from({ length: 200 }, (_, i) => {
      const features = [1, random.next() * 10, random.next() * 100]
      const value = features.reduce((sum, x, j) => sum + x * truth[j]!, 0)
      return { features, value: i < spoiled ? value * 20 : value, weight: 1 }
    })
  }

  it("finds the coefficients that made the samples", () => {
    nonNegativeFit(samples(0)).forEach((c, i) => {
      expect(c).toBeCloseTo(truth[i]!, 3)
    })
  })

  it("is not led astray by a few outliers", () => {
    nonNegativeFit(samples(6)).forEach((c, i) => {
      expect(c).toBeCloseTo(truth[i]!, 0)
    })
  })

  it("answers no coefficient below 0, where plain least squares would", () => {
    const fit = nonNegativeFit(
      [1, 2, 3, 4].map((x) => ({ features: [x, 1], value: 10 - x, weight: 1 })),
    )
    expect(Math.min(...fit)).toBeGreaterThanOrEqual(0)
    expect(fit[0]).toBe(0)
  })
})

describe("fitTimes", () => {
  const shape = {
    numNodes: 5000,
    numEdges: 20_000,
    featureWidth: 64,
    featureNonZeros: null,
    hasEdgeWeight: false,
    numGraphs: null,
  }

  /** 60 runs of two products each, up to `rows` rows, as a machine of those times takes them. */
  const runsOn = (machine: FittedTimes, rows: number) => {
    const random = testRandom(seed)
    const at = { slot: -1, offset: 0, ld: 1 }
    const gemm = (): Op => {
      const [m, k, n] = [100 + random.int(rows), 8 + random.int(500), 1 + random.int(200)]
      const operands = { a: at, b: at, c: at, epilogue: identityEpilogue }
      return { kind: "gemm", name: "g", m, k, n, ...operands }
    }
    return Array.from({ length: 60 }, (_, i) => {
      const ops = [gemm(), gemm()]
      const opMs = ops.map((op) => predictRunMs({ ops: [op], shape }, machine))
      return { name: `${i}`, shape, ops, opMs, runMs: opMs[0]! + opMs[1]!, pace: 1 }
    })
  }

  it("predicts operators it has not seen, from coefficients of those it has", () => {
    const runs = runsOn(cpuFitted, 9000)
    const fitted = fitTimes(runs.slice(0, 50))
    for (const run of runs.slice(50)) {
      expect(Math.abs(predictRunMs(run, fitted) / run.runMs - 1)).toBeLessThan(0.02)
    }
  })

  it("reckons with the pace of runs that others slowed", () => {
    const runs = runsOn(cpuFitted, 9000)
    const slowed = runs.map((run, i) =>
      i % 2 === 0
        ? run
        : {
            ...run,
            opMs: run.opMs.map((ms) => slowedBy(1.5) * ms),
            runMs: slowedBy(1.5) * run.runMs,
            pace: 1.5,
          },
    )
    const fitted = fitTimes(slowed)
    for (const run of runs) {
      expect(Math.abs(predictRunMs(run, fitted) / run.runMs - 1)).toBeLessThan(0.05)
    }
  })

  it.each([
    [32, 4],
    [256, 1],
  ])("finds a shared cache of %i MiB, and how sharply it ends (%i)", (size, softness) => {
    const caches = { nearBytes: 2 ** 20, sharedBytes: size * 2 ** 20, softness }
    // Products that wait for memory more than they compute.
    const gemm = cpuFitted.nanoseconds.gemm!.with(1, 0.01).with(6, 0.02).with(7, 0.3)
    const runs = runsOn({ caches, nanoseconds: { gemm } }, 400_000)
    const fitted = fitTimes(runs.slice(0, 50))
    expect(fitted.caches.sharedBytes).toBe(caches.sharedBytes)
    expect(fitted.caches.softness).toBe(softness)
    for (const run of runs.slice(50)) {
      expect(Math.abs(predictRunMs(run, fitted) / run.runMs - 1)).toBeLessThan(0.02)
    }
  })
})

describe("interference", () => {
  it("finds the model that slowed the pairs, and predicts three it has not seen", () => {
    const model = { kind: "fitted", memory: 0.9, core: 0.1 } as const
    const random = testRandom(seed)
    const demand = () => ({ bandwidth: random.next(), compute: 0.25 })
    const pairs = Array.from({ length: 40 }, () => {
      const [own, other] = [demand(), demand()]
      return { own, other, slowdown: slowdown([own, other], model)[0]! }
    })
    const fitted = fitInterference(pairs)
    const three = [demand(), demand(), demand()]
    const expected = slowdown(three, model)
    slowdown(three, fitted).forEach((factor, i) => {
      expect(factor).toBeCloseTo(expected[i]!, 2)
    })
  })

  it("slows nothing that is alone, and everybody where there are more tasks than cores", () => {
    const model = { kind: "fitted", memory: 0, core: 0 } as const
    const busy = { bandwidth: 0.3, compute: 0.5 }
    expect(slowdown([busy], model)).toEqual([1])
    expect(slowdown([busy, busy], model)).toEqual([1, 1])
    expect(slowdown([busy, busy, busy, busy], model)).toEqual([2, 2, 2, 2])
  })

  it("averages over what ran beside a run, for as long as it did", () => {
    const runs = new CoRuns({ kind: "shares" })
    const all = { bandwidth: 1, compute: 0 }
    runs.start("a", all, 0)
    runs.start("b", all, 10)
    // 10 ms alone, then 10 ms at half speed: 15 ms of work in 20.
    expect(runs.end("a", 20)).toBeCloseTo(20 / 15)
    expect(runs.end("b", 20)).toBe(2)
    expect(runs.end("never started", 20)).toBe(1)
  })
})

describe("TimeCorrection", () => {
  it("comes to a steady factor, and gives it to plans of the same architecture", () => {
    const correction = new TimeCorrection()
    expect(correction.factor("p", "GCN")).toBe(1)
    for (let i = 0; i < 40; i++) correction.observe("p", "GCN", 30, 20)
    expect(correction.factor("p", "GCN")).toBeCloseTo(1.5, 2)
    expect(correction.factor("q", "GCN")).toBeCloseTo(1.5, 2)
  })

  it("is moved little by one run that took a hundred times as long", () => {
    const correction = new TimeCorrection()
    for (let i = 0; i < 40; i++) correction.observe("p", "GCN", 20, 20)
    correction.observe("p", "GCN", 2000, 20)
    expect(correction.factor("p", "GCN")).toBeLessThan(1.2)
  })

  const seed = 20261127
  /** Log-normal by a tenth. */
  const varied = (random: ReturnType<typeof testRandom>) => {
    const sum = Array.from({ length: 12 }, () => random.int(1001) / 1000).reduce((a, b) => a + b)
    return Math.exp(0.1 * (sum - 6))
  }

  it(`takes chance for what it is: off by a fifth of what runs vary by, seed ${seed}`, () => {
    const random = testRandom(seed)
    const correction = new TimeCorrection()
    let square = 0
    for (let i = 0; i < 2000; i++) {
      correction.observe("p", "GCN", 20 * varied(random), 20)
      if (i >= 100) square += Math.log(correction.factor("p", "GCN")) ** 2 / 1900
    }
    expect(Math.sqrt(square) / 0.1).toBeLessThan(0.2)
  })

  it(`follows what has changed within ten runs, seed ${seed}`, () => {
    const random = testRandom(seed)
    for (let turn = 0; turn < 50; turn++) {
      const correction = new TimeCorrection()
      for (let i = 0; i < 200; i++) correction.observe("p", "GCN", 20 * varied(random), 20)
      for (let i = 0; i < 10; i++) correction.observe("p", "GCN", 30 * varied(random), 20)
      expect(correction.factor("p", "GCN")).toBeGreaterThan(1.3)
    }
  })

  it("learns nothing from times that are none", () => {
    const correction = new TimeCorrection()
    correction.observe("p", "GCN", 0, 20)
    correction.observe("p", "GCN", Number.NaN, 20)
    correction.observe("p", "GCN", 5, 0)
    expect(correction.factor("p", "GCN")).toBe(1)
  })
})

describe("the profile file", () => {
  const machine = machines["cpu-2"]
  const json = () => JSON.parse(profileText(machine, "2026-11-24T00:00:00Z"))

  it("reads back what was written", () => {
    expect(Result.getOrThrow(readProfile(json(), "p.json"))).toEqual(machine)
  })

  it("takes a file of before it was fitted how sharply a cache ends", () => {
    const file = json()
    delete file.machine.lane.fitted.caches.softness
    expect(Result.getOrThrow(readProfile(file, "p.json"))).toEqual(machine)
  })

  const host = {
    cores: 2,
    warmUpMs: 40,
    takeInMs: 0.4,
    planOpMs: 0,
    orderMs: 1.5,
    uploadMs: 0.3,
    makeMs: 0.8,
    helpers: 1.6,
  }

  it("reads back what the runtime costs, and takes a file of before that was measured", () => {
    const measured = { ...machine, lane: { ...machine.lane, dispatchMs: 0.4, probeMs: 0.37 }, host }
    const file = JSON.parse(profileText(measured, "2026-11-26T00:00:00Z"))
    expect(Result.getOrThrow(readProfile(file, "p.json"))).toEqual(measured)
    expect(Result.getOrThrow(readProfile(json(), "p.json")).host).toBeUndefined()
  })

  it.each<[string, (file: ReturnType<typeof json>) => void, string]>([
    [
      "with a host that costs less than nothing",
      (file) => Object.assign(file.machine, { host: { ...host, orderMs: -1 } }),
      "machine.host.orderMs",
    ],
    [
      "with a host without cores",
      (file) => Object.assign(file.machine, { host: { ...host, cores: 0 } }),
      "machine.host.cores",
    ],
    ["of another format", (file) => Object.assign(file, { format: "x" }), "format"],
    ["of a later version", (file) => Object.assign(file, { version: 99 }), "version"],
    ["without a machine", (file) => Object.assign(file, { machine: null }), "machine"],
    [
      "with a speed of 0",
      (file) => Object.assign(file.machine.lane, { bytesPerSecond: 0 }),
      "machine.lane.bytesPerSecond",
    ],
    [
      "with a coefficient too few",
      (file) => file.machine.lane.fitted.nanoseconds.gemm.pop(),
      "machine.lane.fitted.nanoseconds.gemm",
    ],
    [
      "with a coefficient below 0",
      (file) => Object.assign(file.machine.lane.fitted.nanoseconds.gemm, { 0: -1 }),
      "machine.lane.fitted.nanoseconds.gemm[0]",
    ],
  ])("refuses one %s and says where", (_, spoil, path) => {
    const file = json()
    spoil(file)
    const answer = readProfile(file, "p.json")
    expect(Result.isFailure(answer) && answer.failure).toMatchObject({
      _tag: "BadConfig",
      file: "p.json",
      path,
    })
  })
})
