// The native border: both sides agree on names and numbers, and a device that cannot open says why.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addonFunctions } from "../../src/device/native/Addon.ts"
import { openCpuDevice } from "../../src/device/native/cpuDevice.ts"
import {
  activationCodes,
  kindCodes,
  planFormat,
  productsCodes,
  reduceCodes,
} from "../../src/device/native/planWords.ts"

const nativeFile = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../native/${name}`, import.meta.url)), "utf8")

describe("the native border", () => {
  it("has the same functions in the same order in C++ and TypeScript", () => {
    const addon = createRequire(import.meta.url)("../../build/Release/gnnsched.node")
    expect(Object.keys(addon)).toEqual(addonFunctions)
    expect(addonFunctions.length).toBeLessThanOrEqual(12)
  })

  it("has the same plan words in C++ and TypeScript", () => {
    const header = nativeFile("plan_words.h")
    const native = new Map(
      [...header.matchAll(/constexpr (?:int|double) k(\w+) = ([^;]+);/g)].map(
        ([, name, value]) => [name!, Number(value)] as const,
      ),
    )
    for (const [name, value] of Object.entries(planFormat)) {
      expect(native.get(name), name).toBe(value)
    }
    kindCodes.forEach((kind, code) => {
      expect(native.get(kind[0]!.toUpperCase() + kind.slice(1)), kind).toBe(code)
    })
    expect(native.get("Kinds")).toBe(kindCodes.length)
    productsCodes.forEach((products, code) => {
      const name = `Products${products[0]!.toUpperCase()}${products.slice(1)}`
      expect(native.get(name), products).toBe(code)
    })
    const enums = nativeFile("../kernels/common/op_args.h")
    const members = (name: string) =>
      enums.match(new RegExp(`enum class ${name} : int32_t \\{ ([^}]+) \\}`))?.[1]?.split(", ")
    expect(members("Activation")).toEqual(activationCodes)
    expect(members("Reduce")).toEqual(reduceCodes)
  })

  it("says how to build the addon when it is missing", async () => {
    const options = { lanes: 1, memoryBytes: 1 << 20, addonPath: "/no/such/gnnsched.node" }
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(openCpuDevice(options))))
    expect(error._tag).toBe("DeviceUnavailable")
    expect(error.reason).toMatch(/\/no\/such\/gnnsched\.node.*npm rebuild gnnsched/)
  })

  it.each([
    [{ lanes: 0 }, /0 lanes; it takes 1 to 64/],
    [{ lanes: 65 }, /65 lanes/],
    [{ memoryBytes: 100 }, /100 bytes; the least is 4096/],
    [{ isa: "sve" as never }, /this CPU does not run sve/],
  ])("refuses to open with %o", async (options, reason) => {
    const all = { lanes: 1, memoryBytes: 1 << 20, ...options }
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(openCpuDevice(all))))
    expect(error.reason).toMatch(reason)
  })
})
