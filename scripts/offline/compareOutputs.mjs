// `node compareOutputs.mjs A B`: the .npy files of float32 in both folders agree within float32.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const [a, b] = process.argv.slice(2)
const tolerance = 1e-4

const numbersIn = (file) => {
  const bytes = readFileSync(file)
  const data = bytes.subarray(10 + bytes.readUInt16LE(8))
  return new Float32Array(new Uint8Array(data).buffer)
}

const differenceOf = (name) => {
  const [x, y] = [numbersIn(join(a, name)), numbersIn(join(b, name))]
  const scale = x.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-6)
  // NaN is no agreement
  return x.reduce(
    (most, v, i) => (Math.abs(v - y[i]) / scale <= most ? most : Math.abs(v - y[i]) / scale),
    0,
  )
}

const names = readdirSync(a)
const worst = names.reduce((most, name) => {
  const difference = differenceOf(name)
  return difference <= most ? most : difference
}, 0)
console.log(`${names.length} outputs, largest difference ${worst} of the largest value`)
process.exit(names.length > 0 && worst < tolerance ? 0 : 1)
