// Tagged errors as plain data and back, for the borders that only structured clone crosses
// (Piscina jobs, Comlink): every class of errors.ts survives the trip as itself.
import * as errors from "./errors.ts"

/** What crosses: the tag and the fields, nothing of the stack. */
export interface PlainError {
  readonly _tag: string
  readonly fields: Readonly<Record<string, unknown>>
}

type TaggedClass = new (
  fields: Readonly<Record<string, unknown>>,
) => Error & {
  readonly _tag: string
}

/** Every exported class of errors.ts by its tag; a class is named as its tag is. */
const classes: ReadonlyMap<string, TaggedClass> = new Map(
  Object.entries(errors).flatMap(([name, value]): Array<[string, TaggedClass]> => {
    const isClass = typeof value === "function" && value.prototype instanceof Error
    return isClass ? [[name, value as unknown as TaggedClass]] : []
  }),
)

export const errorTags: ReadonlyArray<string> = [...classes.keys()]

/** True for an instance of a class of errors.ts. */
export const isTaggedError = (value: unknown): value is Error & { readonly _tag: string } => {
  if (!(value instanceof Error) || !("_tag" in value)) return false
  const known = classes.get(String(value._tag))
  return known !== undefined && value instanceof known
}

/** The fields an error was made with; null when it is not one of errors.ts. */
export const toPlain = (error: unknown): PlainError | null => {
  if (!isTaggedError(error)) return null
  const { _tag, ...fields } = error
  return { _tag, fields }
}

/** The error again; the tag must be one of errors.ts. */
export const fromPlain = (plain: PlainError): Error & { readonly _tag: string } => {
  const known = classes.get(plain._tag)
  if (known === undefined) throw new Error(`no error class has the tag ${plain._tag}`)
  return new known(plain.fields)
}
