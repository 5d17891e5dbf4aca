// Hand-computed cases of the ops without a sparse matrix, and of the epilogue's order.
import { describe, expect, it } from "vitest"
import { activate, erf } from "../../src/device/reference/activation.ts"
import type { ActivationName } from "../../src/model/GnnModel.ts"
import { type Epilogue, identityEpilogue } from "../../src/model/Op.ts"
import { Workbench } from "./workbench.ts"

const act =
  (name: ActivationName, parameter = 0) =>
  (v: number) =>
    activate({ name, parameter }, v)

describe("gemm", () => {
  it("multiplies matrices with leading dimensions larger than their widths", () => {
    const bench = new Workbench()
    const a = bench.matrix(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      5,
    )
    const b = bench.matrix(
      [
        [1, 0],
        [0, 1],
        [2, -1],
      ],
      4,
    )
    const c = bench.empty(2, 3)
    const op = { kind: "gemm", name: "g", m: 2, k: 3, n: 2, a, b, c } as const
    const out = bench.run({ ...op, epilogue: identityEpilogue }, { at: c, rows: 2, cols: 3 })
    expect(out).toEqual([
      [7, -1, Number.NaN],
      [16, -1, Number.NaN],
    ])
  })

  it("gives the epilogue of zero where k is 0", () => {
    const bench = new Workbench()
    const c = bench.empty(2, 1)
    const none = bench.matrix([[]])
    const epilogue = { ...identityEpilogue, bias: bench.vector([3]) }
    const op = { kind: "gemm", name: "g", m: 2, k: 0, n: 1, a: none, b: none, c, epilogue } as const
    expect(bench.run(op, { at: c, rows: 2, cols: 1 })).toEqual([[3], [3]])
  })

  it("hands NaN on even where it is multiplied by zero", () => {
    const bench = new Workbench()
    const a = bench.matrix([[0, 1]])
    const b = bench.matrix([[Number.NaN], [1]])
    const c = bench.empty(1, 1)
    const op = { kind: "gemm", name: "g", m: 1, k: 2, n: 1, a, b, c } as const
    const out = bench.run({ ...op, epilogue: identityEpilogue }, { at: c, rows: 1, cols: 1 })
    expect(out).toEqual([[Number.NaN]])
  })
})

describe("the epilogue", () => {
  const run = (epilogue: (bench: Workbench) => Partial<Epilogue>) => {
    const bench = new Workbench()
    const x = bench.matrix([
      [1, -2],
      [3, -4],
    ])
    const op = { kind: "rowwise", name: "r", m: 2, n: 2, l2: false, x, y: x } as const
    return bench.run(
      { ...op, epilogue: { ...identityEpilogue, ...epilogue(bench) } },
      { at: x, rows: 2, cols: 2 },
    )
  }
  const all = (bench: Workbench) => ({
    rowScale: bench.vector([2, 10]),
    addend: bench.matrix([
      [1, 1],
      [1, 1],
    ]),
    bias: bench.vector([0, -7]),
    affine: { scale: bench.vector([2, -1]), shift: bench.vector([1, 5]) },
    activation: { name: "relu", parameter: 0 } as const,
  })

  it("scales rows, adds, adds the bias, then applies the affine and the activation", () => {
    // row 0: (1*2+1)*2+1 = 7, (-2*2+1-7)*-1+5 = 15; row 1: (31)*2+1 = 63, (-40+1-7)*-1+5 = 51
    expect(run((bench) => all(bench))).toEqual([
      [7, 15],
      [63, 51],
    ])
  })

  it("applies the affine after the activation where it says so", () => {
    // row 0: relu(3)*2+1, relu(-10)*-1+5; row 1: relu(31)*2+1, relu(-46)*-1+5
    expect(run((bench) => ({ ...all(bench), affineAfterActivation: true }))).toEqual([
      [7, 5],
      [63, 5],
    ])
  })

  it("accumulates in place where the addend is the output", () => {
    const bench = new Workbench()
    const a = bench.matrix([[2]])
    const b = bench.matrix([[5, 6]])
    const c = bench.matrix([[100, 200]])
    const epilogue = { ...identityEpilogue, addend: c }
    const op = { kind: "gemm", name: "g", m: 1, k: 1, n: 2, a, b, c, epilogue } as const
    expect(bench.run(op, { at: c, rows: 1, cols: 2 })).toEqual([[110, 212]])
  })
})

describe("activations", () => {
  it("follow torch.nn at known points", () => {
    expect([-1, 0, 2].map(act("relu"))).toEqual([0, 0, 2])
    expect([-2, 3].map(act("leaky_relu", 0.1))).toEqual([-0.2, 3])
    expect(act("elu", 2)(-1)).toBeCloseTo(2 * (Math.exp(-1) - 1), 15)
    expect(act("tanh")(0.5)).toBeCloseTo(0.46211715726000974, 15)
    expect(act("sigmoid")(-3)).toBeCloseTo(0.04742587317756678, 15)
    expect(act("silu")(2)).toBeCloseTo(1.7615941559557646, 15)
    // torch.nn.functional.gelu in float64, the exact form
    expect(act("gelu")(1)).toBeCloseTo(0.8413447460685429, 14)
    expect(act("gelu")(-2)).toBeCloseTo(-0.04550026389635842, 14)
  })

  it("hand NaN on and saturate at the infinities", () => {
    const names = ["identity", "relu", "elu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu"]
    for (const name of names) expect(act(name as ActivationName, 0.5)(Number.NaN)).toBeNaN()
    expect(act("sigmoid")(-1e4)).toBe(0)
    expect(act("gelu")(50)).toBe(50)
  })

  it("erf agrees with known values to the last digits", () => {
    expect(erf(0)).toBe(0)
    expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 15)
    expect(erf(-1)).toBeCloseTo(-0.8427007929497149, 15)
    expect(erf(3)).toBeCloseTo(0.9999779095030014, 14)
    expect(erf(9)).toBe(1)
  })
})

describe("rowwise", () => {
  it("divides rows by their L2 norm in place and leaves a zero row zero", () => {
    const bench = new Workbench()
    const x = bench.matrix([
      [3, 4],
      [0, 0],
    ])
    const op = { kind: "rowwise", name: "r", m: 2, n: 2, l2: true, x, y: x } as const
    const out = bench.run({ ...op, epilogue: identityEpilogue }, { at: x, rows: 2, cols: 2 })
    expect(out).toEqual([
      [0.6, 0.8],
      [0, 0],
    ])
  })
})

describe("logSoftmax", () => {
  it("is right in place and for large inputs", () => {
    const bench = new Workbench()
    const x = bench.matrix([
      [1000, 1000],
      [0, Math.log(3)],
    ])
    const op = { kind: "logSoftmax", name: "s", m: 2, n: 2, x, y: x } as const
    const out = bench.run(op, { at: x, rows: 2, cols: 2 })
    expect(out[0]).toEqual([-Math.log(2), -Math.log(2)].map((v) => expect.closeTo(v, 12)))
    expect(out[1]).toEqual([Math.log(1 / 4), Math.log(3 / 4)].map((v) => expect.closeTo(v, 12)))
  })
})
