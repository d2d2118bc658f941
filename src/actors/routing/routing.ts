import type { ActorMessage } from '../actor/ref.ts'
import { hashKey, mix } from './key-hash.ts'

/**
 * Which members of a group get a message:
 * - `roundRobin`: one after the other;
 * - `leastLoaded`: the one with the fewest messages pending, the next in turn where several have as few;
 * - `all`: each;
 * - `{ key }`: the one that the message's key belongs to. When members come or go, only keys of those that went, or
 *   that go to the new one, belong to another.
 *
 * @see Thaler, Ravishankar, "A name-based mapping scheme for rendezvous", 1996, for keys
 */
export type Routing<Message> =
  | 'roundRobin'
  | 'leastLoaded'
  | 'all'
  | { readonly key: (message: Message) => string | number }

/** What routing needs to know of a member. */
export interface Routable {
  readonly path: string
  /** Messages pending. */
  readonly load: number
}

/** Picks one of the members, of which there is at least one. */
export type Route<Member> = (message: ActorMessage, members: readonly Member[]) => Member

/** Makes the route of a group that sends each message to one member. */
export function createRoute<Member extends Routable>(routing: Exclude<Routing<ActorMessage>, 'all'>): Route<Member> {
  let turn = 0
  const nextTurn = (count: number) => {
    turn = turn + 1 < count ? turn + 1 : 0
    return turn
  }
  if (routing === 'roundRobin') return (_, members) => members[nextTurn(members.length)]!
  if (routing === 'leastLoaded') return (_, members) => leastLoaded(members, nextTurn(members.length))
  const seeds = new WeakMap<Member, number>()
  const seedOf = (member: Member) => {
    let seed = seeds.get(member)
    if (seed === undefined) seeds.set(member, (seed = hashKey(member.path)))
    return seed
  }
  return (message, members) => {
    const hash = hashKey(routing.key(message))
    return members.reduce((best, member) => (mix(hash ^ seedOf(member)) > mix(hash ^ seedOf(best)) ? member : best))
  }
}

function leastLoaded<Member extends Routable>(members: readonly Member[], first: number): Member {
  let best = members[first]!
  for (let step = 1; step < members.length && best.load > 0; step++) {
    const member = members[(first + step) % members.length]!
    if (member.load < best.load) best = member
  }
  return best
}
