import { describe } from "vitest"
import { coraSuite } from "./coraAccuracy.suite.ts"

describe("gnnsched run on the cpu device", () => coraSuite())
