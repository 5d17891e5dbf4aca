// JSON of a large object in pieces: every element of a list on a line of its own. It reads well, it
// compares well, and a million tasks need no string of half a gigabyte.

/** The object's text; together the pieces are one JSON document. */
export function* jsonLines(value: object): Iterable<string> {
  yield "{"
  let first = true
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue
    yield `${first ? "" : ","}\n  ${JSON.stringify(key)}: `
    first = false
    if (!Array.isArray(member) || member.length === 0) {
      yield JSON.stringify(member)
      continue
    }
    yield "["
    for (const [index, element] of member.entries()) {
      yield `${index === 0 ? "" : ","}\n    ${JSON.stringify(element)}`
    }
    yield "\n  ]"
  }
  yield "\n}\n"
}
