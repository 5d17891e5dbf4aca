// The graphs and models a runtime knows, by the id it gave for them (their content's), and the names of its
// tenants.
import { Effect } from "effect"
import { IndexOverflow } from "../model/errors.ts"
import type { GnnModel } from "../model/GnnModel.ts"
import type { Graph } from "../model/Graph.ts"
import { limits } from "../model/limits.ts"

export class Catalog {
  readonly graphs = new Map<string, Graph>()
  readonly models = new Map<string, GnnModel>()
  readonly #tenants = new Map<string, string>()

  addGraph(graph: Graph): Effect.Effect<Graph, IndexOverflow> {
    return add(this.graphs, graph, "graphs of one runtime", limits.maxGraphs)
  }

  addModel(model: GnnModel): Effect.Effect<GnnModel, IndexOverflow> {
    return add(this.models, model, "models of one runtime", limits.maxModels)
  }

  /** The same name as one string for all tasks of the tenant: equal ones are told by a look, not read. */
  tenantName(name: string): string {
    const known = this.#tenants.get(name)
    if (known === undefined) this.#tenants.set(name, name)
    return known ?? name
  }
}

const add = <A extends { readonly contentId: string }>(
  known: Map<string, A>,
  item: A,
  what: string,
  limit: number,
): Effect.Effect<A, IndexOverflow> =>
  Effect.suspend(() => {
    const present = known.get(item.contentId)
    if (present !== undefined) return Effect.succeed(present)
    if (known.size >= limit) {
      const value = known.size + 1
      return Effect.fail(new IndexOverflow({ file: item.contentId, what, value, limit }))
    }
    known.set(item.contentId, item)
    return Effect.succeed(item)
  })
