// The comparisons of policies at a small size: that they run, and that what must hold at any size does.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { compareList } from "../../bench/paperComparison.ts"
import { qosLoad } from "../../bench/qosLoad.ts"
import { sharedWork, smokeSize } from "../../bench/sharedWork.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gnnsched-comparisons-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it("the papers' comparison: slo answers sooner than base in groups and meets as many targets", async () => {
  const csv = join(folder, "small.csv")
  const rows = ["GCN,amazon0601,4", "GAT,cora,2", "GIN,pubmed,4", "GCN,citeseer,2", "GAT,DD,2"]
  writeFileSync(csv, `model,graph,layers\n${rows.join("\n")}\n`)
  const { meanOverBase, metLessBest, rows: all } = await compareList(csv)
  expect(all.every(({ completed, tasks }) => completed === tasks)).toBe(true)
  expect(meanOverBase).toBeLessThan(0.5)
  expect(metLessBest).toBeGreaterThanOrEqual(0)
})

it("quality against load: promises are kept at every load", { timeout: 60_000 }, async () => {
  const file = join(import.meta.dirname, "../../examples/arrivals.yaml")
  for (const { admit, metRatio, refused, tasks } of await qosLoad(file, 1500)) {
    if (admit === "all") expect(refused).toBe(0)
    else expect(metRatio).toBeGreaterThan(0.995)
    expect(refused).toBeLessThan(tasks)
  }
})

it("shared work: the same bits from fewer runs", { timeout: 60_000 }, async () => {
  const [molecules, same] = await sharedWork(smokeSize)
  expect(molecules!.rode).toBeGreaterThan(0)
  expect(same!.rode).toBeGreaterThan(0)
})
