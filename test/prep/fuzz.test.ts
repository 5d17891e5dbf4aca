// Damaged bytes: whatever is cut off or flipped, a reader answers with a value or a typed error,
// and allocates no more than the bytes it was given can justify.

import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import fc from "fast-check"
import { afterEach, describe, it, vi } from "vitest"
import { isTaggedError } from "../../src/model/plainError.ts"
import { type ByteSource, bytesSource } from "../../src/prep/byteSource.ts"
import { readEdgeList } from "../../src/prep/formats/edgeList.ts"
import { readMatrixMarket } from "../../src/prep/formats/matrixMarket.ts"
import { inflateText } from "../../src/prep/formats/withText.ts"
import { loadGraph } from "../../src/prep/loadGraph.ts"
import { encodeNpy, readNpyFloat32, readNpyInt32 } from "../../src/prep/npy.ts"
import { readNpyHeader } from "../../src/prep/npyHeader.ts"
import { readSparse, readSparseShape, writeSparse } from "../../src/prep/npz.ts"
import { encodeSafetensors, parseSafetensors } from "../../src/prep/safetensors.ts"
import { temporaryFolder } from "./files.ts"

/** Deflate's own bound on expansion, and room for headers. */
const allowedBytes = (given: number): number => 1032 * given + 2 ** 20

let allocated = 0
const Real = SharedArrayBuffer
const countAllocations = (): void => {
  vi.stubGlobal(
    "SharedArrayBuffer",
    class extends Real {
      constructor(bytes: number) {
        allocated += bytes
        super(bytes)
      }
    },
  )
}

afterEach(() => void vi.unstubAllGlobals())

type Damage =
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "set"; readonly at: number; readonly byte: number }

const position = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant("cut" as const), at: position }),
  fc.record({ kind: fc.constant("flip" as const), at: position, bit: fc.nat(7) }),
  fc.record({
    kind: fc.constant("set" as const),
    at: position,
    byte: fc.constantFrom(0, 1, 0x7f, 0xff),
  }),
)

const apply = (bytes: Uint8Array, damages: ReadonlyArray<Damage>): Uint8Array => {
  let hurt = bytes.slice()
  for (const one of damages) {
    const at = Math.floor(one.at * hurt.length)
    if (one.kind === "cut") hurt = hurt.slice(0, at)
    else if (at < hurt.length) {
      hurt[at] = one.kind === "flip" ? hurt[at]! ^ (1 << one.bit) : one.byte
    }
  }
  return hurt
}

/** Runs a reader on damaged copies; `runs` of them. */
const survives = (bytes: Uint8Array, read: (source: ByteSource) => unknown, runs = 3000): void => {
  countAllocations()
  const several = fc.array(damage, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(several, (damages) => {
      const hurt = apply(bytes, damages)
      allocated = 0
      try {
        read(bytesSource(hurt, "hurt"))
      } catch (error) {
        if (!isTaggedError(error)) throw error
      }
      if (allocated > allowedBytes(hurt.length)) throw new Error(`allocated ${allocated} bytes`)
    }),
    { numRuns: runs },
  )
}

describe("damaged bytes", () => {
  it("of a float .npy end in values or a typed error", () => {
    const bytes = encodeNpy([5, 4], new Float32Array(20).fill(0.5))
    survives(bytes, (source) => readNpyFloat32(source, readNpyHeader(source)))
  })

  it("of an int64 .npy end in values or a typed error", () => {
    const bytes = encodeNpy([2, 8], new BigInt64Array(16).fill(3n))
    const refuse = (_place: string, _flat: number, value: number) => value
    survives(bytes, (source) => {
      try {
        readNpyInt32(source, readNpyHeader(source), { min: 0, max: 9, refuse: refuse as never })
      } catch (error) {
        if (typeof error !== "number") throw error
      }
    })
  })

  it("of a scipy archive end in a matrix or a typed error", () => {
    const path = join(temporaryFolder(), "x.npz")
    const rowOffsets = new Int32Array([0, 2, 2, 5])
    const colIndices = new Int32Array([0, 3, 1, 2, 3])
    const values = new Float32Array([1, 2, 3, 4, 5])
    writeSparse(path, { rows: 3, cols: 4 }, { kind: "csr", rowOffsets, colIndices, values })
    const bytes = new Uint8Array(readFileSync(path))
    survives(bytes, readSparse)
    survives(bytes, readSparseShape, 1000)
  })

  it("of a safetensors file end in tensors or a typed error", () => {
    const bytes = encodeSafetensors(
      new Map([
        ["convs.0.lin.weight", { dtype: "f32", shape: [4, 3], data: new Float32Array(12).fill(1) }],
        ["eps", { dtype: "f64", shape: [1], data: new Float64Array(1) }],
        ["steps", { dtype: "i64", shape: [], data: new BigInt64Array(1) }],
      ]),
    )
    survives(bytes, parseSafetensors)
  })

  it("of a Matrix Market file end in edges or a typed error", () => {
    const text =
      "%%MatrixMarket matrix coordinate real symmetric\n% x\n9 9 4\n" +
      "2 1 0.5\n3 3 -1e3\n9 1 7\n8 7 12345678901234567890\n"
    survives(Buffer.from(text), readMatrixMarket)
  })

  it("of an edge list end in edges or a typed error", () => {
    const text = "# from to\nsource,target,weight\n0,1,0.5\n1,2,-1e3\n\n7,3,0.25\n123,7,1"
    survives(Buffer.from(text), (source) => readEdgeList(source, true))
    survives(Buffer.from(text), (source) => readEdgeList(source, false))
  })

  it("of a gzip text end in edges or a typed error", () => {
    const packed = gzipSync("0\t1\n1\t2\n2\t0\n".repeat(30))
    survives(packed, (source) => readEdgeList(inflateText(source, 1 << 20), true))
  })

  it("of a TU folder end in a graph or a typed error", () => {
    const folder = temporaryFolder()
    const files = {
      A: "1, 2\n2, 1\n3, 4\n4, 3\n",
      graph_indicator: "1\n1\n2\n2\n",
      node_labels: "0\n1\n-1\n3\n",
      node_attributes: "0.5, 1\n1e2, 2\n3, 4\n.5, -6\n",
    }
    const write = (name: string, bytes: Uint8Array | string) =>
      writeFileSync(join(folder, `S_${name}.txt`), bytes)
    for (const [name, text] of Object.entries(files)) write(name, text)
    for (const [name, text] of Object.entries(files)) {
      const load = (source: ByteSource) => {
        const hurt = new Uint8Array(source.size)
        source.readInto(hurt, 0)
        write(name, hurt)
        loadGraph({ kind: "folder", path: folder })
      }
      survives(Buffer.from(text), load, 500)
      write(name, text)
    }
  })
})
