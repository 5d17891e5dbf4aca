// Typed access to the fields of one JSON object. A missing key and null both mean the default; a
// value of the wrong type or range is a BadConfig that names file, path and both sides.
import { BadConfig, Unsupported } from "../../model/errors.ts"

/** A value as it stands in the document, shortened. */
export const shown = (value: unknown): string => {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value))
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

/** PyG's resolvers compare names this way: "Batch-Norm" is "batchnorm". */
export const normalizeName = (name: string): string => name.toLowerCase().replace(/[-_ ]/g, "")

export class ConfigFields {
  readonly file: string
  readonly #path: string
  readonly #object: Readonly<Record<string, unknown>>

  constructor(file: string, json: unknown, path = "") {
    this.file = file
    this.#path = path
    if (typeof json !== "object" || json === null || Array.isArray(json))
      throw new BadConfig({ file, path, expected: "a JSON object", found: shown(json) })
    this.#object = json as Readonly<Record<string, unknown>>
  }

  keys(): ReadonlyArray<string> {
    return Object.keys(this.#object)
  }

  /** Null when missing. */
  get(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? (this.#object[key] ?? null) : null
  }

  path(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`
  }

  bad(key: string, expected: string, found: unknown = this.get(key)): BadConfig {
    return new BadConfig({
      file: this.file,
      path: this.path(key),
      expected,
      found: found === null ? "nothing" : shown(found),
    })
  }

  unsupported(key: string, supported: string): Unsupported {
    const found = shown(this.get(key))
    return new Unsupported({ file: this.file, path: this.path(key), found, supported })
  }

  /** An integer in [min, max], or null when missing. */
  integer(key: string, min: number, max: number): number | null {
    const value = this.get(key)
    if (value === null) return null
    return checkInteger(this, key, value, min, max)
  }

  requiredInteger(key: string, min: number, max: number): number {
    return checkInteger(this, key, this.get(key), min, max)
  }

  number(key: string, fallback: number): number {
    const value = this.get(key)
    if (value === null) return fallback
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.bad(key, "a finite number")
    return value
  }

  boolean(key: string, fallback: boolean): boolean {
    return this.booleanOrNull(key) ?? fallback
  }

  booleanOrNull(key: string): boolean | null {
    const value = this.get(key)
    if (value === null || typeof value === "boolean") return value
    throw this.bad(key, "true or false")
  }

  text(key: string): string | null {
    const value = this.get(key)
    if (value === null || typeof value === "string") return value
    throw this.bad(key, "a string")
  }

  /** The object under `key`; an empty one when missing. */
  child(key: string): ConfigFields {
    return new ConfigFields(this.file, this.get(key) ?? {}, this.path(key))
  }
}

const checkInteger = (
  fields: ConfigFields,
  key: string,
  value: unknown,
  min: number,
  max: number,
): number => {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max)
    return value
  throw fields.bad(key, `an integer from ${min} to ${max}`, value)
}
