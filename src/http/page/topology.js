import { svg } from './dom.js'
import { graphOf, sum } from './flow-graph.js'
import { box, boxHeight, boxWidth, edge } from './flow-shapes.js'
import { count, rate } from './format.js'
import { show } from './show.js'

const columnWidth = 210
const rowHeight = 74
const margin = 10

/** The topology with what flows along it: a picture, and the same as a sentence for those who do not see it. */
export class Flow {
  #place
  /** What has been counted, by name, and when. */
  #counts = new Map()
  #atMs = 0

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place
  }

  /** What is drawn next has nothing to do with what was drawn before. */
  begin() {
    this.#atMs = 0
  }

  /**
   * @param {any} inspection
   * @param {{ consumed: number, merged: number }} rates
   */
  draw(inspection, rates) {
    const { nodes, edges } = graphOf(inspection, { merged: rates.merged, ...this.#rates(inspection) })
    const top = Math.min(...nodes.map(({ row }) => row))
    const rows = Math.max(...nodes.map(({ row }) => row)) - top
    const width = margin + Math.max(...nodes.map(({ column }) => column)) * columnWidth + boxWidth + margin
    const height = Math.max(2, rows) * rowHeight + boxHeight + 2 * margin
    /** @type {(node: { column: number, row: number }) => readonly [number, number]} */
    const placeOf = ({ column, row }) => [margin + column * columnWidth, margin + (row - top) * rowHeight]
    const view = {
      class: 'flow',
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': sentence(inspection, rates),
    }
    const picture = svg(
      'svg',
      view,
      ...edges.map(({ from, to, label, isBusy }) => edge(placeOf(from), placeOf(to), label, isBusy)),
      ...nodes.map((node) => box(placeOf(node), node.id, node.lines, node.bars)),
    )
    // So texts are as large in a long topology as in a short one.
    picture.style.minWidth = `${width}px`
    show(this.#place, picture)
  }

  /**
   * What has been counted since the drawing before, a second.
   *
   * @param {any} inspection
   */
  #rates({ atMs, partitions, deadLetters, actors }) {
    const seconds = this.#atMs === 0 ? Infinity : Math.max(0.001, (atMs - this.#atMs) / 1_000)
    const before = this.#counts
    this.#counts = new Map([['letters', sum(deadLetters.map((/** @type {any} */ each) => each.count))]])
    this.#atMs = atMs
    const add = (/** @type {string} */ name, /** @type {number} */ value) =>
      void this.#counts.set(name, (this.#counts.get(name) ?? 0) + value)
    for (const { topic, consumed } of partitions) add(`topic ${topic}`, consumed)
    /** @param {any} actor */
    const visit = (actor) => {
      if (actor.handled !== undefined) add(`actor ${actor.name}`, actor.handled)
      actor.children.forEach(visit)
    }
    if (actors !== undefined) visit(actors)
    const rateOf = (/** @type {string} */ name) =>
      Math.max(0, this.#counts.get(name) - (before.get(name) ?? 0)) / seconds
    const ratesOf = (/** @type {string} */ kind) =>
      new Map(
        [...this.#counts.keys()]
          .filter((name) => name.startsWith(kind))
          .map((name) => [name.slice(kind.length), rateOf(name)]),
      )
    return { letters: rateOf('letters'), consumed: ratesOf('topic '), handled: ratesOf('actor ') }
  }
}

/**
 * @param {any} inspection
 * @param {{ consumed: number, merged: number }} rates
 */
function sentence({ topology, partitions, report, deadLetters, next }, rates) {
  const { sources, stages, correlate, steps, branch, sinks } = topology
  const listed = (/** @type {readonly any[]} */ operators) => operators.map(({ kind, id }) => `${kind} ${id}`)
  const before = listed(sources.flatMap((/** @type {any} */ source) => source.steps))
  const after = [...listed(steps), ...(branch === undefined ? [] : [`branch ${branch.id}`])]
  const lag = sum(partitions.map((/** @type {any} */ each) => each.lag))
  const letters = sum(deadLetters.map((/** @type {any} */ each) => each.count))
  return [
    `${topicsOf(sources)}: ${rate(rates.consumed)} records, lag ${count(lag)}`,
    ...before,
    `${stages.length} stages`,
    `${correlate.id}: ${count(report.pendingRows)} rows pending`,
    ...after,
    `${topicsOf(sinks)}: ${rate(rates.merged)} merged records`,
    ...(next === undefined ? [] : [`then ${next.topology.correlate.id}`]),
    `${count(letters)} dead letters`,
  ].join('; ')
}

/** @param {readonly { topic: string }[]} all */
function topicsOf(all) {
  return all.map(({ topic }) => topic).join(', ')
}
