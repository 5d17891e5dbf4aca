// Progress on stderr where nobody watches: few lines, however much is loaded.
import { describe, expect, it } from "vitest"
import { lineProgress } from "../../src/cli/progress.ts"

const loaded = (total: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const progress = lineProgress({ write: (text: string) => lines.push(text) })
  for (let nth = 1; nth <= total; nth++) progress.load(`model m${nth}`, nth, total)
  return lines
}

describe("progress in lines", () => {
  it("names each of a few things that are loaded", () => {
    expect(loaded(2)).toEqual(["loading model m1 (1 of 2)\n", "loading model m2 (2 of 2)\n"])
  })

  it.each([11, 104, 1000])("tells the loading of %i things in at most ten lines", (total) => {
    const lines = loaded(total)
    expect(lines.length).toBeLessThanOrEqual(10)
    expect(lines.at(-1)).toContain(`model m${total} (`)
  })
})
