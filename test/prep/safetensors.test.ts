// Safetensors: every dtype, and every way a header can lie.
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { Tensor } from "../../src/model/Tensor.ts"
import { bytesSource } from "../../src/prep/byteSource.ts"
import {
  encodeSafetensors,
  listSafetensors,
  parseSafetensorsBytes,
  readSafetensors,
  writeSafetensors,
} from "../../src/prep/safetensors.ts"
import { floats, raw, temporaryFolder, thrownBy } from "./files.ts"

const fileOf = (header: unknown, data: Uint8Array): Uint8Array => {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return new Uint8Array(Buffer.concat([length, text, data]))
}

const entry = (dtype: string, shape: ReadonlyArray<number>, begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

const parse = (bytes: Uint8Array) => parseSafetensorsBytes(bytes, "m.safetensors")
const one = (dtype: string, shape: ReadonlyArray<number>, data: Uint8Array): Tensor =>
  parse(
    fileOf({ __metadata__: { format: "pt" }, t: entry(dtype, shape, 0, data.length) }, data),
  ).get("t")!

describe("safetensors", () => {
  it("reads every dtype of PyTorch's that a network needs, into shared memory", () => {
    expect(one("F32", [2], floats(1, 2)).data).toEqual(new Float32Array([1, 2]))
    expect(one("F64", [], raw(new Float64Array([0.1]))).data).toEqual(new Float64Array([0.1]))
    expect(one("I64", [1], raw(new BigInt64Array([-5n]))).data).toEqual(new BigInt64Array([-5n]))
    expect(one("I32", [1, 2], raw(new Int32Array([3, -4]))).shape).toEqual([1, 2])
    expect(one("BOOL", [2], new Uint8Array([1, 0])).dtype).toBe("bool")
    expect(one("F32", [0, 4], new Uint8Array(0)).data.length).toBe(0)
    expect(one("F32", [2], floats(1, 2)).data.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  it("widens half precision exactly", () => {
    const halves = new Uint8Array(new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000]).buffer)
    const widened = one("F16", [5], halves).data
    expect([...(widened as Float32Array)]).toEqual([1, -2, 2 ** -24, 65504, -0])
    const brain = new Uint8Array(new Uint16Array([0x3f80, 0xc049]).buffer)
    expect([...(one("BF16", [2], brain).data as Float32Array)]).toEqual([1, -3.140625])
  })

  it("refuses NaN, infinities and half-precision infinities, naming tensor and position", () => {
    const nan = () => one("F32", [3], floats(0, 1, Number.NaN))
    expect(thrownBy(nan)).toMatchObject({ _tag: "NotFinite", place: "t[2]" })
    const infinite = () => one("F16", [1], new Uint8Array(new Uint16Array([0x7c00]).buffer))
    expect(thrownBy(infinite)).toMatchObject({ _tag: "NotFinite", place: "t[0]" })
  })

  it.each<[string, Uint8Array]>([
    ["a file of 4 bytes", new Uint8Array(4)],
    ["a header longer than the file", fileOf("{}", floats(1)).fill(0xff, 0, 3)],
    ["a header of 2^63 bytes", new Uint8Array(16).fill(0xff)],
    ["a header that is not JSON", fileOf('{"t": ', floats(1))],
    ["a header that is not UTF-8", fileOf("{}", floats(1)).fill(0xff, 8, 10)],
    ["a header that is a list", fileOf("[]", new Uint8Array(0))],
    ["an unknown dtype", fileOf({ t: entry("F8_E4M3", [4], 0, 4) }, floats(1))],
    ["no dtype", fileOf({ t: { shape: [1], data_offsets: [0, 4] } }, floats(1))],
    ["a negative extent", fileOf({ t: entry("F32", [-1], 0, 4) }, floats(1))],
    ["a fractional extent", fileOf({ t: entry("F32", [0.5, 2], 0, 4) }, floats(1))],
    ["an extent beyond 2^53", fileOf({ t: entry("F32", [2 ** 60, 0], 0, 0) }, new Uint8Array(0))],
    ["offsets beyond the data", fileOf({ t: entry("F32", [2], 0, 8) }, floats(1))],
    ["offsets that run backwards", fileOf({ t: entry("F32", [0], 4, 0) }, floats(1))],
    ["one offset", fileOf({ t: { dtype: "F32", shape: [1], data_offsets: [0] } }, floats(1))],
    ["a shape that does not fill its bytes", fileOf({ t: entry("F32", [3], 0, 8) }, floats(1, 2))],
    [
      "tensors that overlap",
      fileOf({ a: entry("F32", [2], 0, 8), b: entry("F32", [2], 4, 12) }, floats(1, 2, 3)),
    ],
    [
      "a hole between tensors",
      fileOf({ a: entry("F32", [1], 0, 4), b: entry("F32", [1], 8, 12) }, floats(1, 2, 3)),
    ],
    ["bytes after the last tensor", fileOf({ a: entry("F32", [1], 0, 4) }, floats(1, 2))],
  ])("refuses %s", (_name, bytes) => {
    expect(thrownBy(() => parse(bytes))).toMatchObject({ _tag: "BadFile", file: "m.safetensors" })
  })

  it("writes what it reads, and lists it without reading data", () => {
    const tensors = new Map<string, Tensor>([
      ["steps", { dtype: "i64", shape: [], data: new BigInt64Array([7n]) }],
      ["flag", { dtype: "u8", shape: [3], data: new Uint8Array([1, 2, 3]) }],
      ["w", { dtype: "f32", shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) }],
    ])
    const path = join(temporaryFolder(), "m.safetensors")
    writeSafetensors(path, tensors)
    expect(readSafetensors(path).get("w")).toEqual(tensors.get("w"))
    expect(parse(encodeSafetensors(tensors)).get("steps")).toEqual(tensors.get("steps"))
    const listed = listSafetensors(bytesSource(encodeSafetensors(tensors), "m"))
    expect(listed.map(({ name, dtype }) => `${name} ${dtype}`).sort()).toEqual([
      "flag U8",
      "steps I64",
      "w F32",
    ])
    expect(listed.find(({ name }) => name === "w")!.begin % 4).toBe(0)
  })

  it("says which file cannot be opened", () => {
    expect(thrownBy(() => readSafetensors("/no/such.safetensors"))).toMatchObject({
      _tag: "FileUnreadable",
      file: "/no/such.safetensors",
    })
  })
})
