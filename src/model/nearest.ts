// The closest of some known words to one that is not known: "did you mean …?".

/** Edits (insert, delete, replace) that turn `a` into `b`. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** Words longer than this are data, not misspellings. */
const maxWordLength = 64

/** The nearest of `known`, or null when none is within a third of the word's length. */
export const nearest = (word: string, known: Iterable<string>): string | null => {
  if (word.length < 2 || word.length > maxWordLength) return null
  let best: string | null = null
  let bestDistance = Math.max(1, Math.ceil(word.length / 3)) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const edits = distance(word.toLowerCase(), candidate.toLowerCase())
    if (edits < bestDistance) {
      best = candidate
      bestDistance = edits
    }
  }
  return best
}

const maxShown = 3

/** A few of `known` that may be meant: those that continue `word`, else the nearest. */
export const nearestFew = (word: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  const longer = known.filter((name) => word !== "" && name.startsWith(word)).slice(0, maxShown)
  if (longer.length > 0) return longer
  const one = nearest(word, known)
  return one === null ? [] : [one]
}
