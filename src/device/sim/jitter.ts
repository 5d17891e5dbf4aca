// Chance in the run time of a simulated task: a log-normal factor of mean 1, drawn from the seed and
// the task's id, so that a task has the same luck under every policy and in whatever order it runs.

const golden = 0x9e3779b9

const mix = (state: number): number => {
  let z = state | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return z ^ (z >>> 15)
}

/** In (0, 1]: a logarithm of it is finite. */
const uniform = (state: number): number => ((mix(state) >>> 0) + 1) * 2 ** -32

/** `sigma` is the standard deviation of the logarithm; 0 gives exactly 1. */
export const jitterOf = (seed: number, taskId: string, sigma: number): number => {
  if (sigma === 0) return 1
  let state = mix((seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, golden))
  for (let i = 0; i < taskId.length; i++) state = mix(state + taskId.charCodeAt(i) + golden)
  const radius = Math.sqrt(-2 * Math.log(uniform(state + golden)))
  const normal = radius * Math.cos(2 * Math.PI * uniform(state + 2 * golden))
  return Math.exp(sigma * normal - (sigma * sigma) / 2)
}
