import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import { ginEps } from "../../src/model/ginEps.ts"
import { sharedFloat32, type Tensor } from "../../src/model/Tensor.ts"
import { weightLayout } from "../../src/model/WeightLayout.ts"
import { expectedWeights } from "../../src/prep/model/expectedWeights.ts"
import { loadGnnModel, readModelConfig } from "../../src/prep/model/loadModel.ts"
import { packWeights } from "../../src/prep/model/packWeights.ts"
import { parseGnnConfig } from "../../src/prep/model/parseConfig.ts"
import { randomWeights } from "../../src/prep/model/randomWeights.ts"
import { writeSafetensors } from "../../src/prep/safetensors.ts"

const json = (more: Readonly<Record<string, unknown>>) => ({
  architecture: "GCN",
  in_channels: 3,
  hidden_channels: 4,
  out_channels: 2,
  num_layers: 2,
  ...more,
})
const configOf = (more: Readonly<Record<string, unknown>>) => parseGnnConfig(json(more), "m.json")

/** Random weights of a GIN with BatchNorm, changed by `edit`, as a source in memory. */
const edited = (edit: (weights: Map<string, Tensor>) => void): ModelSource => {
  const config = json({ architecture: "GIN", norm: "batch_norm" })
  const weights = new Map(randomWeights(parseGnnConfig(config, "m.json"), 7))
  edit(weights)
  return { kind: "arrays", name: "edited", config, weights }
}

const floats = (shape: ReadonlyArray<number>, values: ReadonlyArray<number>): Tensor => {
  const data = sharedFloat32(values.length)
  data.set(values)
  return { dtype: "f32", shape, data }
}

describe("expectedWeights", () => {
  it("names what PyG's state_dict holds", () => {
    const names = (more: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(expectedWeights(configOf({ num_layers: 1, ...more })))
    expect(names({})).toEqual({ "convs.0.lin.weight": [2, 3], "convs.0.bias": [2] })
    expect(names({ architecture: "SAGE", bias: false, project: true })).toEqual({
      "convs.0.lin.weight": [3, 3],
      "convs.0.lin.bias": [3],
      "convs.0.lin_l.weight": [2, 3],
      "convs.0.lin_r.weight": [2, 3],
    })
    expect(names({ architecture: "GAT", heads: 4 })).toEqual({
      "convs.0.att_src": [1, 4, 2],
      "convs.0.att_dst": [1, 4, 2],
      "convs.0.lin.weight": [8, 3],
      "convs.0.bias": [2],
    })
    expect(names({ architecture: "GATv2", heads: 4 })).toEqual({
      "convs.0.att": [1, 4, 2],
      "convs.0.lin_l.weight": [8, 3],
      "convs.0.lin_l.bias": [8],
      "convs.0.lin_r.weight": [8, 3],
      "convs.0.lin_r.bias": [8],
      "convs.0.bias": [2],
    })
    expect(names({ architecture: "SGC" })).toEqual({
      "convs.0.lin.weight": [2, 3],
      "convs.0.lin.bias": [2],
    })
    expect(names({ architecture: "APPNP", K: 2, alpha: 0.1, bias: false })).toEqual({
      "lins.0.weight": [2, 3],
    })
  })
})

describe("loadGnnModel", () => {
  it("takes shared weights under one name or two, which must agree", () => {
    const config = json({ architecture: "GATv2", share_weights: true, num_layers: 1 })
    const both = randomWeights(parseGnnConfig(config, "m.json"), 7)
    const load = (weights: ReadonlyMap<string, Tensor>) =>
      loadGnnModel({ kind: "arrays", name: "shared", config, weights })
    const one = new Map([...both].filter(([name]) => !name.includes("lin_r")))
    expect(load(one).contentId).toBe(load(both).contentId)
    const other = floats([2], [0.5, 0.25])
    expect(() => load(new Map([...both, ["convs.0.lin_r.bias", other]]))).toThrow(
      expect.objectContaining({ _tag: "BadFile", place: "convs.0.lin_r.bias[0]", found: "0.5" }),
    )
    expect(() => load(new Map([...one].filter(([name]) => !name.includes("lin_l"))))).toThrow(
      expect.objectContaining({ _tag: "WeightMismatch", tensor: "convs.0.lin_l.weight" }),
    )
  })

  it("names the tensor that is missing or has another shape", () => {
    const name = "convs.0.nn.lins.0.weight"
    expect(() => loadGnnModel(edited((w) => w.delete(name)))).toThrow(
      expect.objectContaining({ _tag: "WeightMismatch", tensor: name, foundShape: null }),
    )
    const wide = edited((w) => w.set(name, floats([3, 4], new Array(12).fill(0))))
    expect(() => loadGnnModel(wide)).toThrow(
      expect.objectContaining({
        _tag: "WeightMismatch",
        tensor: name,
        expectedShape: [4, 3],
        foundShape: [3, 4],
      }),
    )
  })

  it("refuses a tensor that the network has no place for, but not a batch count", () => {
    const extra = edited((w) => w.set("convs.2.lin.weight", floats([1], [0])))
    expect(() => loadGnnModel(extra)).toThrow(
      expect.objectContaining({ _tag: "BadFile", place: "convs.2.lin.weight" }),
    )
    const counted = edited((w) =>
      w.set("norms.0.module.num_batches_tracked", {
        dtype: "i64",
        shape: [],
        data: new BigInt64Array([9n]),
      }),
    )
    expect(loadGnnModel(counted).contentId).toBe(loadGnnModel(edited(() => undefined)).contentId)
  })

  it("refuses weights that are not finite, of whatever kind, and negative variances", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const broken = edited((w) => w.set("convs.1.nn.lins.1.bias", floats([2], [0, value])))
      expect(() => loadGnnModel(broken)).toThrow(
        expect.objectContaining({ _tag: "NotFinite", place: "convs.1.nn.lins.1.bias[1]" }),
      )
    }
    const variance = "norms.0.module.running_var"
    const negative = edited((w) => w.set(variance, floats([4], [1, 1, -1, 1])))
    expect(() => loadGnnModel(negative)).toThrow(
      expect.objectContaining({ _tag: "BadFile", place: `${variance}[2]` }),
    )
  })

  it("refuses integers where weights belong", () => {
    const data = new Int32Array(2)
    const whole = edited((w) => w.set("convs.1.nn.lins.1.bias", { dtype: "i32", shape: [2], data }))
    expect(() => loadGnnModel(whole)).toThrow(
      expect.objectContaining({ _tag: "BadFile", found: "i32" }),
    )
  })

  it("takes GIN's eps from the weights, and from the configuration where they hold none", () => {
    const trained = loadGnnModel(edited((w) => w.set("convs.1.eps", floats([1], [0.5]))))
    expect(ginEps(trained)).toEqual([0, 0.5])
    const source = edited((w) => w.delete("convs.0.eps")) as Extract<
      ModelSource,
      { kind: "arrays" }
    >
    const config = { ...source.config, eps: 0.25 }
    expect(ginEps(loadGnnModel({ ...source, config }))).toEqual([0.25, 0])
    const weights = { seed: 1 }
    expect(
      ginEps(loadGnnModel({ kind: "arrays", name: "n", config: json({}), weights })),
    ).toBeNull()
  })

  it("gives equal weights from equal seeds, other ones from others", () => {
    const load = (seed: number) =>
      loadGnnModel({ kind: "arrays", name: `s${seed}`, config: json({}), weights: { seed } })
    expect(load(3).contentId).toBe(load(3).contentId)
    expect(load(3).contentId).not.toBe(load(4).contentId)
    for (const { data } of load(3).weights.values()) {
      expect(data.buffer).toBeInstanceOf(SharedArrayBuffer)
      expect((data as Float32Array).every((v) => Number.isFinite(v))).toBe(true)
      expect((data as Float32Array).some((v) => v !== 0)).toBe(true)
    }
  })

  describe("from files", () => {
    let folder = ""
    const path = (name: string) => join(folder, name)
    const file = (name: string): ModelSource => ({
      kind: "file",
      configPath: path(name),
      weights: null,
    })
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "gnnsched-model-"))
      writeFileSync(path("gcn.json"), JSON.stringify(json({})))
      writeSafetensors(path("gcn.safetensors"), randomWeights(configOf({}), 5))
      writeFileSync(path("lone.json"), JSON.stringify(json({})))
      writeFileSync(path("broken.json"), '{\n  "architecture": "GCN",\n  oops }')
      writeFileSync(path("short.json"), "{")
      writeFileSync(path("latin.json"), Uint8Array.of(0x22, 0xff, 0x22))
      mkdirSync(path("folder.json"))
    })
    afterAll(() => rmSync(folder, { recursive: true }))

    it("reads the weights beside the JSON", () => {
      const model = loadGnnModel(file("gcn.json"))
      expect(model.name).toBe("gcn")
      const weights = { seed: 5 }
      const seeded = loadGnnModel({ kind: "arrays", name: "other", config: json({}), weights })
      expect(model.contentId).toBe(seeded.contentId)
      expect(readModelConfig(file("lone.json"))).toEqual(model.config)
    })

    it("says where a file is wrong", () => {
      expect(() => loadGnnModel(file("broken.json"))).toThrow(
        expect.objectContaining({
          _tag: "BadFile",
          file: path("broken.json"),
          place: "line 3, column 3",
        }),
      )
      expect(() => loadGnnModel(file("short.json"))).toThrow(
        expect.objectContaining({ _tag: "BadFile", file: path("short.json") }),
      )
      expect(() => loadGnnModel(file("latin.json"))).toThrow(
        expect.objectContaining({ _tag: "BadFile", expected: "UTF-8" }),
      )
      expect(() => loadGnnModel(file("lone.json"))).toThrow(
        expect.objectContaining({ _tag: "FileUnreadable", file: path("lone.safetensors") }),
      )
      for (const name of ["nothing.json", "folder.json"])
        expect(() => loadGnnModel(file(name))).toThrow(
          expect.objectContaining({ _tag: "FileUnreadable", file: path(name) }),
        )
    })
  })
})

describe("packWeights", () => {
  const pack = (more: Readonly<Record<string, unknown>>, weights: ReadonlyMap<string, Tensor>) => {
    const config = json(more)
    const model = loadGnnModel({ kind: "arrays", name: "packed", config, weights })
    const packed = packWeights(model)
    const { entries, totalBytes } = weightLayout(model.config)
    expect(packed.byteLength).toBe(totalBytes)
    return (name: string): number[] => {
      const { offset, rows, cols } = entries.get(name)!
      expect(offset % 64).toBe(0)
      return Array.from(packed.subarray(offset / 4, offset / 4 + rows * cols))
    }
  }
  const small = { in_channels: 2, hidden_channels: 2, out_channels: 2, num_layers: 1 }

  it("transposes to [in, out] and sets GraphSAGE's two matrices side by side", () => {
    const weights = new Map([
      ["convs.0.lin_l.weight", floats([2, 2], [1, 2, 3, 4])],
      ["convs.0.lin_r.weight", floats([2, 2], [5, 6, 7, 8])],
      ["convs.0.lin_l.bias", floats([2], [9, 10])],
    ])
    const entry = pack({ ...small, architecture: "SAGE" }, weights)
    expect(entry("l0.weight")).toEqual([1, 3, 5, 7, 2, 4, 6, 8])
    expect(entry("l0.bias")).toEqual([9, 10])
  })

  it("multiplies GAT's attention vectors into columns of the product", () => {
    const weights = new Map([
      ["convs.0.lin.weight", floats([2, 2], [1, 2, 3, 4])],
      ["convs.0.att_src", floats([1, 1, 2], [10, 100])],
      ["convs.0.att_dst", floats([1, 1, 2], [1, -1])],
      ["convs.0.bias", floats([2], [0, 0])],
    ])
    const entry = pack({ ...small, architecture: "GAT" }, weights)
    expect(entry("l0.weight")).toEqual([1, 3, 310, -2, 2, 4, 420, -2])
  })

  it("folds a BatchNorm into the columns and makes a bias where there was none", () => {
    const norm = (name: string, values: ReadonlyArray<number>) =>
      [`norms.0.module.${name}`, floats([2], values)] as const
    const weights = new Map([
      ["convs.0.lin.weight", floats([2, 2], [1, 2, 3, 4])],
      ["convs.1.lin.weight", floats([2, 2], [1, 0, 0, 1])],
      norm("weight", [2, 3]),
      norm("bias", [0.5, 0.25]),
      norm("running_mean", [1, -1]),
      norm("running_var", [4, 1]),
    ])
    const options = { ...small, num_layers: 2, bias: false, norm: "batch_norm" }
    const entry = pack({ ...options, norm_eps: 0 }, weights)
    expect(entry("l0.weight")).toEqual([1, 9, 2, 12])
    expect(entry("l0.bias")).toEqual([-0.5, 3.25])
  })

  it("refuses a product that float32 cannot hold", () => {
    const weights = new Map([
      ["convs.0.lin.weight", floats([2, 2], [3e38, 0, 0, 0])],
      ["convs.0.att_src", floats([1, 1, 2], [10, 0])],
      ["convs.0.att_dst", floats([1, 1, 2], [0, 0])],
      ["convs.0.bias", floats([2], [0, 0])],
    ])
    expect(() => pack({ ...small, architecture: "GAT" }, weights)).toThrow(
      expect.objectContaining({ _tag: "NotFinite" }),
    )
  })
})
