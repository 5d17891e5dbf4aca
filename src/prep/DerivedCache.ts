// Objects computed from a graph or a model, once each: kept by content id and role, and while one
// is being computed everybody who wants it waits for the same computation.
import { Deferred, Effect, type Scope } from "effect"
import type { InputError, PrepError } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import type { ResidentObject } from "../model/Resident.ts"
import type { DerivedRole } from "./residentObjects.ts"

type Failure = InputError | PrepError
type Pending = Deferred.Deferred<ResidentObject, Failure>
type Slot =
  | { readonly kind: "ready"; readonly object: ResidentObject }
  | { readonly kind: "pending"; readonly waiting: Pending }

/** Content ids kept at most; the oldest goes first. */
const maxOwners = limits.maxGraphs + limits.maxModels

export class DerivedCache {
  readonly #scope: Scope.Scope
  readonly #owners = new Map<string, Map<DerivedRole, Slot>>()

  constructor(scope: Scope.Scope) {
    this.#scope = scope
  }

  /** What is there already; null otherwise. */
  find(contentId: string, role: DerivedRole): ResidentObject | null {
    const slot = this.#owners.get(contentId)?.get(role)
    return slot?.kind === "ready" ? slot.object : null
  }

  /**
   * The object, computed where nobody has begun yet. The computation belongs to the pool, not to
   * the caller: a caller that goes away leaves it to the others. A failure is not kept.
   */
  get(
    contentId: string,
    role: DerivedRole,
    compute: Effect.Effect<ResidentObject, Failure>,
  ): Effect.Effect<ResidentObject, Failure> {
    return Effect.suspend(() => {
      const slot = this.#owners.get(contentId)?.get(role)
      if (slot?.kind === "ready") return Effect.succeed(slot.object)
      if (slot?.kind === "pending") return Deferred.await(slot.waiting)
      return this.#begin(contentId, role, compute)
    })
  }

  forget(contentId: string): void {
    this.#owners.delete(contentId)
  }

  #begin(
    contentId: string,
    role: DerivedRole,
    compute: Effect.Effect<ResidentObject, Failure>,
  ): Effect.Effect<ResidentObject, Failure> {
    const waiting: Pending = Deferred.makeUnsafe()
    const pending: Slot = { kind: "pending", waiting }
    const roles = this.#rolesOf(contentId)
    roles.set(role, pending)
    const settle = (slot: Slot | null) => {
      if (roles.get(role) !== pending) return
      if (slot === null) roles.delete(role)
      else roles.set(role, slot)
    }
    const computing = Effect.interruptible(compute).pipe(
      Effect.tap((object) => Effect.sync(() => settle({ kind: "ready", object }))),
      Effect.onError(() => Effect.sync(() => settle(null))),
      Deferred.into(waiting),
    )
    return Effect.forkIn(computing, this.#scope, { startImmediately: true }).pipe(
      Effect.andThen(Deferred.await(waiting)),
    )
  }

  #rolesOf(contentId: string): Map<DerivedRole, Slot> {
    const known = this.#owners.get(contentId)
    if (known !== undefined) return known
    const roles = new Map<DerivedRole, Slot>()
    this.#owners.set(contentId, roles)
    const [oldest] = this.#owners.keys()
    if (this.#owners.size > maxOwners && oldest !== undefined) this.#owners.delete(oldest)
    return roles
  }
}
