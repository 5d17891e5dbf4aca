// Helpers of the preparation tests: temporary folders, bytes of .npy files, what a call throws.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { isTaggedError } from "../../src/model/plainError.ts"

/** A fresh folder that goes away with the test file. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "gnnsched-prep-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A header as numpy 2 writes it, made by hand: independent of the writer under test. */
export const npyBytes = (dict: string, data: Uint8Array, major = 1): Uint8Array => {
  const prefix = major === 1 ? 10 : 12
  const text = dict.padEnd(Math.ceil((prefix + dict.length + 1) / 64) * 64 - prefix - 1) + "\n"
  const bytes = Buffer.alloc(prefix + text.length + data.length)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, 0])
  if (major === 1) bytes.writeUInt16LE(text.length, 8)
  else bytes.writeUInt32LE(text.length, 8)
  bytes.write(text, prefix, "latin1")
  bytes.set(data, prefix + text.length)
  return new Uint8Array(bytes)
}

export const dictOf = (descr: string, shape: string, fortran = false): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${shape}, }`

export const raw = (values: Float32Array | Float64Array | Int32Array | BigInt64Array) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

export const longs = (...values: Array<number>): Uint8Array =>
  raw(new BigInt64Array(values.map(BigInt)))

export const floats = (...values: Array<number>): Uint8Array => raw(new Float32Array(values))

/** Files of a folder by name. */
export const writeFiles = (folder: string, files: Readonly<Record<string, Uint8Array>>): string => {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return folder
}

/** The tagged error a call throws, as plain fields; anything else thrown, or nothing, fails. */
export const thrownBy = (call: () => unknown): Record<string, unknown> => {
  try {
    call()
  } catch (error) {
    if (isTaggedError(error)) return { ...error }
    throw error
  }
  throw new Error("nothing was thrown")
}
