// The version of the package this file belongs to, in the checkout and once installed.
import { createRequire } from "node:module"

const manifest = createRequire(import.meta.url)("../../package.json") as {
  readonly version: string
}

export const version = manifest.version
