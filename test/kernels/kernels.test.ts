// Every CUDA kernel under the emulator against the float64 oracle, over the table of odd shapes, in
// several random orders of blocks and threads; the same again, thinned out, under sanitizers, whose
// build is made while the plain one is tested.
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { buildTimeoutMs } from "../emulator/buildEmulated.ts"
import * as oracle from "../native/oracle.ts"
import { buildChecks, command, runEmulated } from "./emulated.ts"
import type { CheckedCase } from "./kernelCases.ts"
import { withinRounding } from "./storage.ts"
import {
  aggGemmTable,
  gatTable,
  gatv2Table,
  gemmTable,
  halfRowTable,
  halfSpmmTable,
  hardLogits,
  longSums,
  lowGemmTable,
  rowTable,
  spmmTable,
  spoiledTable,
} from "./tables.ts"

/** A hub's sums are forty times the mean magnitude the error is taken relative to. */
const large = ({ label }: CheckedCase) => /power law|rows of 255/.test(label)

const builds = [
  { variant: "plain", step: 1, orders: 2 },
  { variant: "sanitized", step: 6, orders: 2 },
] as const

describe.each(builds)("kernels under the emulator, $variant", ({ variant, step, orders }) => {
  let folder = ""
  beforeAll(async () => {
    folder = await buildChecks(variant)
    void buildChecks("sanitized")
  }, buildTimeoutMs)

  const agree = async (cases: ReadonlyArray<CheckedCase>, tolerance = 1e-5) => {
    const program = join(folder, "emulated_checks")
    const results = await runEmulated(cases, { program, orders })
    results.forEach(({ problem, values }, i) => {
      const { label, expected, stored = "fp32" } = cases[i]!
      expect(problem, label).toBe("")
      const nearest = withinRounding(values, expected, stored)
      expect(oracle.worstError(values, nearest), label).toBeLessThan(tolerance)
    })
  }

  it("emulates barriers, shuffles and refusals as CUDA documents them", async () => {
    const output = await command(join(folder, "emulator_checks"), [])
    expect(output).not.toContain("FAILED")
  })

  it("multiply matrices of every odd shape at float32 grade", () => agree(gemmTable(step)), 180_000)

  it("aggregate over every odd graph, width and mode", async () => {
    const cases = spmmTable(step)
    await agree(cases.filter((c) => !large(c)))
    await agree(cases.filter(large), 2e-5)
  }, 180_000)

  it(
    "multiply rounded operands, and those stored in two bytes",
    () => agree(lowGemmTable(step)),
    180_000,
  )

  it("aggregate rows stored in two bytes", async () => {
    const cases = halfSpmmTable(step)
    await agree(cases.filter((c) => !large(c)))
    await agree(cases.filter(large), 2e-5)
  }, 180_000)

  it(
    "normalise, read out and gather rows stored in two bytes",
    () => agree(halfRowTable(step)),
    180_000,
  )

  it("attend over every odd graph with every head shape", () => agree(gatTable(step)), 180_000)

  it("attend by GATv2 over the same", () => agree(gatv2Table(step)), 180_000)

  it("aggregate and multiply in one kernel, in both modes", async () => {
    // sums of sums: a hub's are forty times the mean magnitude the error is taken relative to
    await agree(aggGemmTable(step), 4e-5)
  }, 180_000)

  it("attend where logits are huge, tiny or minus infinity", () => agree(hardLogits()))

  it("densify, normalise, read out, gather and take the log-softmax", () => agree(rowTable(step)))

  it("pass NaN and infinity on to what depends on them", () => agree(spoiledTable()))

  it("keep long sums of one sign within 1e-6 of float64", () => agree(longSums(), 1e-6))
})
