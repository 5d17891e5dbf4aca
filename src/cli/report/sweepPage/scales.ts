/// <reference lib="dom" />
// Runs in the browser: from values to places on an axis, linear or logarithmic, with round ticks.

export interface Scale {
  readonly at: (value: number) => number
  readonly ticks: ReadonlyArray<number>
}

/** From `from` to `to` in the drawing. */
export interface Span {
  readonly from: number
  readonly to: number
}

export function linearScale(
  low: number,
  high: number,
  span: Span,
  ticks: ReadonlyArray<number>,
): Scale {
  const width = high > low ? high - low : 1
  return {
    at: (value) => span.from + ((value - low) / width) * (span.to - span.from),
    ticks: ticks.filter((tick) => tick >= low && tick <= high),
  }
}

/** Powers of ten, and where there are few of them also 2 and 5 times. */
export function logTicks(low: number, high: number): ReadonlyArray<number> {
  const ticks: Array<number> = []
  const decades = Math.log10(high / low)
  const factors = decades < 2 ? [1, 2, 5] : [1]
  const stride = Math.max(1, Math.ceil(decades / 6))
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += stride) {
    for (const factor of factors) {
      const tick = factor * 10 ** power
      if (tick >= low && tick <= high) ticks.push(tick)
    }
  }
  return ticks
}

export function logScale(low: number, high: number, span: Span): Scale {
  const width = high > low ? Math.log(high / low) : 1
  return {
    at: (value) =>
      span.from + (Math.log(Math.max(low, value) / low) / width) * (span.to - span.from),
    ticks: logTicks(low, high),
  }
}
