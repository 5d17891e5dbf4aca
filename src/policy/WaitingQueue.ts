// The waiting tasks with the orders that have been asked for, each built once and kept from then on:
// with n tasks and a few orders, a change costs O(log n) and a decision reads only what it starts. Who
// asks for those that are in time, or lost, has these apart from then on: each is moved once, and its
// latest start says where it is.
import type { WaitingTask } from "../model/Snapshot.ts"
import {
  byArrival,
  type OrderedTasks,
  type TaskList,
  type TaskOrder,
  type WaitingTasks,
} from "../model/WaitingTasks.ts"
import { hasTarget, latestStartMs } from "./edf.ts"
import { SortedTasks } from "./SortedTasks.ts"
import { TenantTasks } from "./TenantTasks.ts"

const byLatestStart: TaskOrder = { key: latestStartMs, holds: hasTarget }

/** Some of the tasks that wait, in the orders that were asked for. */
class KeptOrders implements TaskList {
  /** These tasks, in order of arrival. */
  readonly #all: () => Iterable<WaitingTask>
  readonly #orders = new Map<TaskOrder, SortedTasks>()
  readonly #tenants = new Map<TaskOrder, TenantTasks>()
  #length = 0
  #footprintBytes = 0

  constructor(all: () => Iterable<WaitingTask>) {
    this.#all = all
  }

  get length(): number {
    return this.#length
  }

  get footprintBytes(): number {
    return this.#footprintBytes
  }

  add(task: WaitingTask): void {
    this.#length++
    this.#footprintBytes += task.footprintBytes
    for (const sorted of this.#orders.values()) sorted.add(task)
    for (const tenants of this.#tenants.values()) tenants.add(task)
  }

  /** One of them. */
  remove(task: WaitingTask): void {
    this.#length--
    this.#footprintBytes -= task.footprintBytes
    for (const sorted of this.#orders.values()) sorted.remove(task)
    for (const tenants of this.#tenants.values()) tenants.remove(task)
  }

  [Symbol.iterator](): Iterator<WaitingTask> {
    return this.#all()[Symbol.iterator]()
  }

  ordered(order: TaskOrder): OrderedTasks {
    const known = this.#orders.get(order)
    if (known !== undefined) return known
    const sorted = new SortedTasks(order)
    for (const task of this) sorted.add(task)
    this.#orders.set(order, sorted)
    return sorted
  }

  byTenant(order: TaskOrder): ReadonlyMap<string, OrderedTasks> {
    const known = this.#tenants.get(order)
    if (known !== undefined) return known.lists
    const tenants = new TenantTasks(order)
    for (const task of this) tenants.add(task)
    this.#tenants.set(order, tenants)
    return tenants.lists
  }
}

/** Which tasks are in time as of a moment that only moves on. */
class Outlook {
  readonly inTime: KeptOrders
  readonly lost: KeptOrders
  /** In the order in which they are lost. */
  readonly #withTarget: OrderedTasks
  #nowMs = Number.NEGATIVE_INFINITY

  constructor(all: Iterable<WaitingTask>) {
    this.inTime = new KeptOrders(() => this.#those(all, true))
    this.lost = new KeptOrders(() => this.#those(all, false))
    for (const task of all) this.add(task)
    this.#withTarget = this.inTime.ordered(byLatestStart)
  }

  *#those(all: Iterable<WaitingTask>, inTime: boolean): Generator<WaitingTask> {
    for (const task of all) if (this.#isInTime(task) === inTime) yield task
  }

  #isInTime(task: WaitingTask): boolean {
    return latestStartMs(task) >= this.#nowMs
  }

  #listOf(task: WaitingTask): KeptOrders {
    return this.#isInTime(task) ? this.inTime : this.lost
  }

  add(task: WaitingTask): void {
    this.#listOf(task).add(task)
  }

  remove(task: WaitingTask): void {
    this.#listOf(task).remove(task)
  }

  at(nowMs: number): this {
    for (;;) {
      const { first } = this.#withTarget
      if (first === undefined || latestStartMs(first) >= nowMs) break
      this.inTime.remove(first)
      this.lost.add(first)
    }
    this.#nowMs = Math.max(this.#nowMs, nowMs)
    return this
  }
}

export class WaitingQueue implements WaitingTasks {
  readonly #arrival = new SortedTasks(byArrival)
  readonly #all = new KeptOrders(() => this.#arrival)
  #outlook: Outlook | null = null

  static of(tasks: Iterable<WaitingTask>): WaitingQueue {
    const queue = new WaitingQueue()
    for (const task of tasks) queue.add(task)
    return queue
  }

  get length(): number {
    return this.#all.length
  }

  get footprintBytes(): number {
    return this.#all.footprintBytes
  }

  add(task: WaitingTask): void {
    this.#arrival.add(task)
    this.#all.add(task)
    this.#outlook?.add(task)
  }

  /** False when it is not there. */
  remove(task: WaitingTask): boolean {
    if (!this.#arrival.remove(task)) return false
    this.#all.remove(task)
    this.#outlook?.remove(task)
    return true
  }

  [Symbol.iterator](): Iterator<WaitingTask> {
    return this.#arrival[Symbol.iterator]()
  }

  ordered(order: TaskOrder): OrderedTasks {
    return order === byArrival ? this.#arrival : this.#all.ordered(order)
  }

  byTenant(order: TaskOrder): ReadonlyMap<string, OrderedTasks> {
    return this.#all.byTenant(order)
  }

  inTime(nowMs: number): TaskList {
    return this.#outlookAt(nowMs).inTime
  }

  lost(nowMs: number): TaskList {
    return this.#outlookAt(nowMs).lost
  }

  #outlookAt(nowMs: number): Outlook {
    this.#outlook ??= new Outlook(this.#arrival)
    return this.#outlook.at(nowMs)
  }
}
