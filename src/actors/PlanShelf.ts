// The plans that were made, kept for tasks of the same network, shape and number of targets: the whole
// one for every task, smaller ones for those that ask.
import { Result } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import { planFrontier } from "../cost/planFrontier.ts"
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

type Maker<A> = (request: PlanRequest) => Result.Result<A, InputError>

/** What was made, by key; the least recently made goes first. */
const remembered = <A>(make: Maker<A>, entries: number) => {
  const known = new Map<string, A>()
  return (key: string, request: () => PlanRequest): Result.Result<A, InputError> => {
    const found = known.get(key)
    if (found !== undefined) return Result.succeed(found)
    const made = make(request())
    if (Result.isSuccess(made)) {
      if (known.size >= entries) known.delete(known.keys().next().value!)
      known.set(key, made.success)
    }
    return made
  }
}

export class PlanShelf {
  readonly #alignBytes: number
  readonly #profile: DeviceProfile
  readonly #whole = remembered(planTask, limits.planCacheEntries)
  readonly #all = remembered(
    (request) =>
      Result.map(planFrontier(request), (plans) => {
        for (const { ops } of plans.slice(1)) this.#newOps += ops.length
        return plans
      }),
    limits.frontierCacheEntries,
  )
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
    return this.#whole(keyOf(work), () => this.#request(work))
  }

  /** The whole plan and smaller ones: milliseconds of planning, so only for tasks that need them. */
  all(work: PlannedWork): Result.Result<ReadonlyArray<Plan>, InputError> {
    return this.#all(keyOf(work), () => this.#request(work))
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
