// Files that start first are named by hand: they must be there.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { longTests } from "./LongestFirst.ts"

it("names test files that exist, each once", () => {
  const root = join(import.meta.dirname, "../..")
  expect(longTests.filter((name) => !existsSync(join(root, name)))).toEqual([])
  expect(new Set(longTests).size).toBe(longTests.length)
})
