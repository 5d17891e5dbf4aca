// The plans that were made, kept for tasks of the same network, shape and number of targets: the whole
// one for every task, smaller ones for those that ask.
import { Result } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import { type Frontier, frontierOf } from "../cost/planFrontier.ts"
import { type PlanRequest, planTask } from "../cost/planTask.ts"
import type { InputError } from "../model/errors.ts"
import type { GnnModel } from "../model/GnnModel.ts"
import type { GraphShape } from "../model/Graph.ts"
import { ginEps } from "../model/ginEps.ts"
import { limits } from "../model/limits.ts"
import type { Plan } from "../model/Plan.ts"

export interface PlannedWork {
  readonly model: GnnModel
  readonly shape: GraphShape
  readonly targets: number | null
}

/** What was made, by key; the least recently made goes first. */
class Remembered<A> {
  readonly #known = new Map<string, A>()
  readonly #entries: number

  constructor(entries: number) {
    this.#entries = entries
  }

  get(key: string): A | undefined {
    return this.#known.get(key)
  }

  set(key: string, made: A): void {
    if (this.#known.size >= this.#entries) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(key, made)
  }
}

export class PlanShelf {
  readonly #alignBytes: number
  readonly #profile: DeviceProfile
  readonly #wholes = new Remembered<Plan>(limits.planCacheEntries)
  readonly #frontiers = new Remembered<Frontier>(limits.frontierCacheEntries)
  #newOps = 0

  constructor(options: { readonly alignBytes: number; readonly profile: DeviceProfile }) {
    this.#alignBytes = options.alignBytes
    this.#profile = options.profile
  }

  /** Operators of the smaller plans made since the last call: most of what planning costs. */
  takeNewOps(): number {
    const ops = this.#newOps
    this.#newOps = 0
    return ops
  }

  whole(work: PlannedWork): Result.Result<Plan, InputError> {
    const key = keyOf(work)
    const known = this.#wholes.get(key)
    if (known !== undefined) return Result.succeed(known)
    const made = planTask(this.#request(work))
    if (Result.isSuccess(made)) this.#wholes.set(key, made.success)
    return made
  }

  /** The whole plan of the work and smaller ones: milliseconds of planning, so only for tasks that need them. */
  all(work: PlannedWork, whole: Plan): Frontier {
    const key = keyOf(work)
    const known = this.#frontiers.get(key)
    if (known !== undefined) return known
    const made = frontierOf(this.#request(work), whole)
    for (const { ops } of made.slice(1)) this.#newOps += ops.length
    this.#frontiers.set(key, made)
    return made
  }

  #request({ model, shape, targets }: PlannedWork): PlanRequest {
    return {
      config: model.config,
      shape,
      targets,
      alignBytes: this.#alignBytes,
      profile: this.#profile,
      ginEps: ginEps(model),
    }
  }
}

const known = new WeakMap<GnnModel, WeakMap<GraphShape, string>>()

/** Made once for each network and shape: it is long, and every task asks for it. */
const wholeKeyOf = ({ model, shape }: PlannedWork): string => {
  const shapes = known.get(model) ?? new WeakMap<GraphShape, string>()
  const key = shapes.get(shape) ?? `${model.contentId}|${Object.values(shape).join(",")}`
  if (!shapes.has(shape)) known.set(model, shapes.set(shape, key))
  return key
}

const keyOf = (work: PlannedWork): string =>
  work.targets === null ? wholeKeyOf(work) : `${wholeKeyOf(work)}|${work.targets}`
