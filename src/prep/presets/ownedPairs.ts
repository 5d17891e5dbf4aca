// Node pairs of a simple graph: each node owns a number of pairs with distinct earlier nodes, chosen
// by the structure's law. No pair comes twice and none joins a node to itself.
import type { Random } from "../random.ts"
import type { Structure } from "./catalogue.ts"

/** Parallel arrays: pair i joins `owners[i]` to the earlier node `others[i]`. */
export interface Pairs {
  readonly owners: Int32Array
  readonly others: Int32Array
}

/** An earlier node for `node`, from `low` on; may be a repeat, the caller tries again. */
type Pick = (node: number, low: number, random: Random) => number

/** Tries of the law before any free node is taken. */
const maxTries = 6

const anyEarlier: Pick = (node, low, random) => low + random.below(node - low)

/**
 * The first nodes are the hubs: the degree of the r-th falls as r^(1/exponent - 1), so that the
 * largest has about pairs / nodes^(1/exponent).
 */
const byRank =
  (exponent: number): Pick =>
  (node, low, random) =>
    low + Math.floor((node - low) * random.uniform() ** exponent)

/** A distance whose logarithm is uniform: most are near, some far. */
const nearby: Pick = (node, low, random) => node - Math.floor((node - low) ** random.uniform())

const mixed =
  (share: number, first: Pick, second: Pick): Pick =>
  (node, low, random) =>
    (random.uniform() < share ? first : second)(node, low, random)

const inCommunity =
  (communities: number): Pick =>
  (node, low, random) => {
    const members = Math.floor(node / communities)
    return members === 0
      ? anyEarlier(node, low, random)
      : node - communities * (1 + random.below(members))
  }

/** Within 8 nodes: chains, rings and branches, as molecules and proteins have them. */
const withinReach: Pick = (node, low, random) =>
  random.uniform() < 0.6 ? node - 1 : node - 1 - random.below(Math.min(8, node - low))

const pickOf = (structure: Structure): Pick => {
  switch (structure.kind) {
    case "citation":
      return mixed(0.5, byRank(2.5), mixed(0.5, nearby, anyEarlier))
    case "powerLaw":
      return mixed(0.9, byRank(2.2), anyEarlier)
    case "local":
      return mixed(0.1, byRank(2.5), nearby)
    case "social":
      return mixed(0.5, byRank(1.6), inCommunity(structure.communities))
    case "disjoint":
      return withinReach
  }
}

/**
 * `counts[node]` pairs a node, each with a node of `lows[node]` … node-1; a count is at most the
 * number of such nodes.
 */
export const ownedPairs = (
  structure: Structure,
  counts: Int32Array,
  lows: Int32Array,
  random: Random,
): Pairs => {
  const pick = pickOf(structure)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const owners = new Int32Array(total)
  const others = new Int32Array(total)
  // The last node that took each node, so that a repeat is seen at once.
  const takenBy = new Int32Array(counts.length).fill(-1)
  let pair = 0
  for (let node = 0; node < counts.length; node++) {
    const low = lows[node]!
    for (let k = 0; k < counts[node]!; k++) {
      let other = pick(node, low, random)
      for (let tries = 1; takenBy[other] === node && tries < maxTries; tries++) {
        other = pick(node, low, random)
      }
      if (takenBy[other] === node) {
        other = anyEarlier(node, low, random)
        while (takenBy[other] === node) other = other + 1 < node ? other + 1 : low
      }
      takenBy[other] = node
      owners[pair] = node
      others[pair++] = other
    }
  }
  return { owners, others }
}
