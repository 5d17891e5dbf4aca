// The first pages of a pool are touched before anybody needs them, beside whoever writes there.
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import { runOnce } from "./planBench.ts"
import { network, withDevice } from "./samplePlans.ts"

const memoryBytes = 2 ** 28

describe.runIf(process.platform === "linux")("a warm pool", () => {
  it("is committed before its first run, and another only as it is used", () =>
    withDevice({ memoryBytes }, () =>
      Effect.promise(async () => {
        const before = process.memoryUsage.rss()
        const grown = () => (process.memoryUsage.rss() - before) / memoryBytes
        await withDevice({ memoryBytes, warm: true }, () =>
          Effect.promise(() => vi.waitUntil(() => grown() > 0.9, { timeout: 20_000, interval: 1 })),
        )
        // the one that is open all the while has not grown
        expect(grown()).toBeLessThan(0.5)
      }),
    ))

  it("gives the same bits to a run that comes while it is touched", async () => {
    const { bench, plan } = network(3)
    const outputOf = (warm: boolean) =>
      withDevice({ memoryBytes, warm, paint: true }, (device) => runOnce(device, bench, plan))
    const cold = await outputOf(false)
    for (let i = 0; i < 5; i++) expect((await outputOf(true)).data).toEqual(cold.data)
  })

  it("closes while it is touched", async () => {
    const before = process.memoryUsage.rss()
    for (let i = 0; i < 20; i++) await withDevice({ memoryBytes, warm: true }, () => Effect.void)
    expect(process.memoryUsage.rss() - before).toBeLessThan(memoryBytes / 2)
  })
})
