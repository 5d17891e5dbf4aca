// The trained Cora models through `gnnsched run`: the test accuracies of their README, to the digit, on
// the device that the arguments name.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { gnnsched } from "../cli/gnnsched.ts"
import { sharedFolder } from "../golden/goldenCases.ts"

const models = ["gcn", "gcn_h64", "sage", "gat", "gin", "gin_bn"]
const cora = join(sharedFolder, "data/cora")
const missing = !existsSync(cora)
const isCi = process.env.CI !== undefined && process.env.CI !== ""

/** The bytes of a .npy after its header (version 1). */
const npyBody = (path: string): Buffer => {
  const file = readFileSync(path)
  return file.subarray(10 + file.readUInt16LE(8))
}

const accuracyPercent = (logits: Buffer, classes: number): number => {
  const labels = npyBody(join(cora, "y.npy"))
  const mask = npyBody(join(cora, "test_mask.npy"))
  let [right, total] = [0, 0]
  for (let node = 0; node < mask.length; node++) {
    if (mask[node] === 0) continue
    const row = Array.from({ length: classes }, (_, c) =>
      logits.readFloatLE(4 * (node * classes + c)),
    )
    total++
    if (row.indexOf(Math.max(...row)) === Number(labels.readBigInt64LE(8 * node))) right++
  }
  return (100 * right) / total
}

/** To be called in a `describe`. */
export const coraSuite = (
  device: ReadonlyArray<string> = [],
  env: Readonly<Record<string, string>> = {},
) => {
  if (missing && !isCi) {
    const reason = `no Cora in ${sharedFolder}; set GNNSCHED_SHARED to the folder with data and models`
    console.warn(`skipping the Cora accuracies: ${reason}`)
    it.skip(reason)
    return
  }

  it("the trained models reach the accuracies of their README on Cora", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gnnsched-cora-"))
    try {
      const workload = {
        graphs: { cora },
        models: Object.fromEntries(
          models.map((name) => [name, join(sharedFolder, `models/cora/${name}.json`)]),
        ),
        tasks: models.map((name) => ({ id: name, tenant: "test", model: name, graph: "cora" })),
      }
      const file = join(folder, "cora.json")
      writeFileSync(file, JSON.stringify(workload))
      const out = join(folder, "out")
      const args = ["run", file, "--allow-outside", "--out", out, "--quiet", ...device]
      const run = await gnnsched(args, { env })
      expect(run.status, run.stderr).toBe(0)
      for (const name of models) {
        const config = readFileSync(join(sharedFolder, `models/cora/${name}.json`), "utf8")
        const expected = 100 * (JSON.parse(config) as { test_accuracy: number }).test_accuracy
        const accuracy = accuracyPercent(npyBody(join(out, `outputs/${name}.npy`)), 7)
        expect(accuracy.toFixed(1), name).toBe(expected.toFixed(1))
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
