// Decodes a parsed document with a Schema and turns the first thing that is wrong with it into a
// BadConfig: path, line, what was expected (with the nearest known key), what was found.
import { Effect, Result, Schema, type SchemaAST, type SchemaIssue } from "effect"
import { BadConfig } from "../model/errors.ts"
import { nearest } from "../model/nearest.ts"
import { type ConfigDocument, type DocumentPath, formatPath } from "./readConfigFile.ts"

/** A schema with a check, both of which say what is expected. */
export const filtered = <S extends Schema.Top>(
  schema: S,
  expected: string,
  holds: (value: S["Type"]) => boolean,
) => schema.annotate({ expected }).check(Schema.makeFilter(holds, { expected }))

interface Problem {
  readonly path: DocumentPath
  readonly expected: string
}

/** The value at a path, or undefined. */
const valueAt = (root: unknown, path: DocumentPath): unknown =>
  path.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    root,
  )

const maxShown = 80

/** A value as an error shows it: short, and never the whole document. */
export const showValue = (value: unknown): string => {
  if (value === undefined) return "nothing"
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value)
    return `{${keys.slice(0, 4).join(", ")}${keys.length > 4 ? ", …" : ""}}`
  }
  const text = JSON.stringify(value) ?? String(value)
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text
}

const annotated = (annotations: { readonly expected?: unknown } | undefined): string | null =>
  typeof annotations?.expected === "string" ? annotations.expected : null

const typeNames: Readonly<Record<string, string>> = {
  String: "a string",
  Number: "a number",
  Boolean: "true or false",
  Null: "null",
  Objects: "a mapping",
  Arrays: "a list",
}

/** What a schema says it expects: its own words, those of its last check, or its type. */
const expectedOf = (ast: SchemaAST.AST): string =>
  annotated(ast.checks?.at(-1)?.annotations) ??
  annotated(ast.annotations) ??
  typeNames[ast._tag] ??
  "another type"

/** What the mapping expects at a key it lacks. */
const expectedAt = (parent: SchemaAST.AST | null, path: DocumentPath): string => {
  const key = path[path.length - 1]
  const signatures = parent?._tag === "Objects" ? parent.propertySignatures : []
  const signature = signatures.find(({ name }) => name === key)
  return signature === undefined ? "this key" : expectedOf(signature.type)
}

const unexpectedKey = (issue: SchemaIssue.UnexpectedKey, path: DocumentPath): Problem => {
  const ast = issue.ast as { readonly propertySignatures?: ReadonlyArray<{ name: PropertyKey }> }
  const known = (ast.propertySignatures ?? []).map((signature) => String(signature.name))
  const guess = nearest(String(path[path.length - 1]), known)
  const hint = guess === null ? "" : ` (did you mean ${guess}?)`
  return { path, expected: `no such key${hint}; keys here are ${known.join(", ")}` }
}

/** Walks to the deepest first issue. */
const firstProblem = (
  issue: SchemaIssue.Issue,
  path: DocumentPath,
  parent: SchemaAST.AST | null = null,
): Problem => {
  switch (issue._tag) {
    case "Pointer": {
      const steps = issue.path.map((step) => (typeof step === "number" ? step : String(step)))
      return firstProblem(issue.issue, [...path, ...steps], parent)
    }
    case "Composite":
      return firstProblem(issue.issues[0], path, issue.ast)
    case "AnyOf": {
      const expected = annotated(issue.ast.annotations)
      const inner = issue.issues[0]
      if (inner !== undefined) return firstProblem(inner, path)
      return { path, expected: expected ?? "another value" }
    }
    case "Filter":
      return { path, expected: annotated(issue.filter.annotations) ?? "another value" }
    case "Encoding":
      return firstProblem(issue.issue, path)
    case "UnexpectedKey":
      return unexpectedKey(issue, path)
    case "MissingKey":
      return { path, expected: expectedAt(parent, path) }
    case "InvalidType":
      return { path, expected: expectedOf(issue.ast) }
    case "InvalidValue":
      return { path, expected: annotated(issue.annotations) ?? "another value" }
    case "Forbidden":
    case "OneOf":
      return { path, expected: "another value" }
  }
}

/** A BadConfig at a path of the document, with its line where that is known. */
export const configProblem = (
  document: ConfigDocument,
  path: DocumentPath,
  expected: string,
  found: string = showValue(valueAt(document.value, path)),
): BadConfig => {
  const place = document.locate(path)
  const file = place === "" ? document.file : `${document.file}:${place}`
  return new BadConfig({ file, path: formatPath(path), expected, found })
}

export const decodeConfig = <A>(
  document: ConfigDocument,
  schema: Schema.Decoder<A>,
  onExcessProperty: "error" | "ignore" = "error",
): Effect.Effect<A, BadConfig> => {
  const decoded = Schema.decodeUnknownResult(schema, {
    errors: "first",
    onExcessProperty,
  })(document.value)
  if (Result.isSuccess(decoded)) return Effect.succeed(decoded.success)
  const { path, expected } = firstProblem(decoded.failure.issue, [])
  return Effect.fail(configProblem(document, path, expected))
}
