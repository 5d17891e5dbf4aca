// `node compareOutputs.mjs A B RESULT`: the .npy files of float32 in both folders agree within float32.
// What was found goes to RESULT as JSON.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const [a, b, result] = process.argv.slice(2)
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
const ok = names.length > 0 && worst < tolerance
writeFileSync(result, `${JSON.stringify({ ok, outputs: names.length, worst, tolerance })}\n`)
console.log(`${names.length} outputs, largest difference ${worst} of the largest value`)
process.exit(ok ? 0 : 1)
