/**
 * Actors beside those that others have: `node bench/actor-peers.bench.ts [--rounds 5] [--scale 1]`. Prints a table in
 * Markdown: millions a second, median [least – most] over rounds that take all in turn. What a library does not have is
 * left empty.
 */
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import { machineText } from './experiment-source.ts'
import { bare } from './peers/actors/bare.ts'
import { comedy } from './peers/actors/comedy.ts'
import type { CountingActor } from './peers/actors/counting-actor.ts'
import { effect } from './peers/actors/effect.ts'
import { millrace } from './peers/actors/millrace.ts'
import { piscina } from './peers/actors/piscina.ts'
import { xstate } from './peers/actors/xstate.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, scale: { type: 'string', default: '1' } },
})
const scale = Number(values.scale)
/** Messages that are told before their sum is asked for, so that no queue grows without a bound. */
const tellsAtOnce = 1_000
const asksAtOnce = 1_024

/** What is measured of an actor; undefined where it has no such thing. */
const measures: Readonly<Record<string, (actor: CountingActor) => Promise<number | undefined>>> = {
  tell: (actor) => tells(actor, () => actor),
  'tell by name': async (actor) => actor.byName && tells(actor, actor.byName),
  'ask, one after the other': (actor) => asks(actor, 20_000 * scale, 1),
  'ask, 1,024 at once': (actor) => asks(actor, 200 * asksAtOnce * scale, asksAtOnce),
  'restarts a second': restarts,
}

const groups: Readonly<Record<string, readonly CountingActor[]>> = {
  'on one thread': [await millrace(false), xstate(), await effect(), await comedy(false)],
  'on another thread': [await millrace(true), await bare(), await piscina(), await comedy(true)],
}

const figures = new Map<string, number[]>()
for (let round = -1; round < Number(values.rounds); round++) {
  for (const [where, actors] of Object.entries(groups)) {
    for (const [what, measure] of Object.entries(measures)) {
      for (const actor of actors) {
        const figure = await measure(actor)
        const key = `${where} ${what} ${actor.title}`
        // The first round warms up.
        if (round >= 0 && figure !== undefined) figures.set(key, [...(figures.get(key) ?? []), figure])
      }
    }
  }
}

console.log(`${machineText()}; ${values.rounds} rounds\n`)
for (const [where, actors] of Object.entries(groups)) {
  const rows = Object.keys(measures).map((what) => {
    const cells = actors.map(({ title }) => {
      const measured = figures.get(`${where} ${what} ${title}`)
      return measured === undefined ? '' : spreadText(spreadOf(measured), what.startsWith('restarts') ? 0 : 3)
    })
    return [what, ...cells]
  })
  const titles = [`${where}, M/s`, ...actors.map(({ title }) => title)]
  for (const cells of [titles, titles.map(() => '---'), ...rows]) console.log(`| ${cells.join(' | ')} |`)
  console.log()
  for (const actor of actors) await actor.stop()
}

async function tells(actor: CountingActor, find: () => Pick<CountingActor, 'tell'>): Promise<number> {
  const count = 200_000 * scale
  const before = await actor.ask()
  const rate = await millionsPerSecond(count, async () => {
    for (let told = 0; told < count; told += tellsAtOnce) {
      for (let each = 0; each < tellsAtOnce; each++) await find().tell(1)
      await actor.ask()
    }
  })
  const missing = count - ((await actor.ask()) - before)
  if (missing > 0) throw new Error(`${actor.title} has not handled ${missing} messages`)
  return rate
}

async function asks(actor: CountingActor, count: number, atOnce: number): Promise<number> {
  return millionsPerSecond(count, async () => {
    for (let asked = 0; asked < count; asked += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, () => actor.ask()))
    }
  })
}

async function restarts(actor: CountingActor): Promise<number | undefined> {
  if (actor.restart === undefined) return undefined
  const count = 500
  return (
    1e6 *
    (await millionsPerSecond(count, async () => {
      for (let restart = 0; restart < count; restart++) await actor.restart!()
    }))
  )
}

async function millionsPerSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startMs = systemClock.monotonicMs()
  await work()
  return count / 1_000 / (systemClock.monotonicMs() - startMs)
}
