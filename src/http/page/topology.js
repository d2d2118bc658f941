import { svg } from './dom.js'
import { count, rate } from './format.js'

const boxWidth = 150
const boxHeight = 58
const stageGap = 74
const columns = [10, 220, 430, 640, 850]
const barsMax = 24
const characters = 20

/** @param {string} text */
function short(text) {
  return text.length > characters ? `${text.slice(0, characters - 1)}…` : text
}

/**
 * @param {[x: number, y: number]} place
 * @param {string} id
 * @param {[text: string, kind?: string][]} lines
 * @param {SVGElement[]} more
 */
function box([x, y], id, lines, more = []) {
  const texts = lines.map(([text, kind = ''], index) =>
    svg('text', { x: x + 10, y: y + 22 + 18 * index, class: kind }, short(text)),
  )
  const title = svg('title', {}, lines.map(([text]) => text).join(', '))
  const rect = svg('rect', { x, y, width: boxWidth, height: boxHeight, rx: 8 })
  return svg('g', { 'data-node': id }, title, rect, ...texts, ...more)
}

/**
 * @param {[x: number, y: number]} from
 * @param {[x: number, y: number]} to
 * @param {string} label
 * @param {boolean} isBusy
 */
function edge([x1, y1], [x2, y2], label, isBusy) {
  const bend = (x2 - x1) / 2
  const path = svg('path', {
    d: `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`,
    class: isBusy ? 'busy' : '',
  })
  const text = svg('text', { x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 6, 'text-anchor': 'middle', class: 'quiet' }, label)
  return svg('g', {}, path, text)
}

/**
 * @param {number} x
 * @param {number} from
 * @param {number} to
 * @param {string} label
 * @param {boolean} isBusy
 */
function lettersEdge(x, from, to, label, isBusy) {
  const path = svg('path', { d: `M${x},${from}V${to}`, class: isBusy ? 'busy' : '' })
  return svg('g', {}, path, svg('text', { x: x + 8, y: (from + to) / 2 + 4, class: 'quiet' }, label))
}

/** The topology with what flows along it: a picture, and the same as a sentence for those who do not see it. */
export class Flow {
  #place
  /** @type {Map<string, number>} */
  #handled = new Map()
  #letters = 0
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
    const { topology, partitions, report, deadLetters, actors, atMs } = inspection
    const seconds = Math.max(0.001, (atMs - this.#atMs) / 1_000)
    const isFirst = this.#atMs === 0
    this.#atMs = atMs
    const batches = this.#batches(actors, isFirst ? Infinity : seconds)
    const letterCount = sum(deadLetters.map((/** @type {any} */ { count: number }) => number))
    const letterRate = isFirst ? 0 : Math.max(0, letterCount - this.#letters) / seconds
    this.#letters = letterCount
    const lag = sum(partitions.map((/** @type {any} */ partition) => partition.lag))

    const { stages, sinks } = topology
    const height = Math.max(260, Math.max(stages.length, sinks.length) * stageGap + 110)
    const middle = (height - 60) / 2 - boxHeight / 2
    const yAmong =
      (/** @type {readonly unknown[]} */ { length }) =>
      (/** @type {number} */ index) =>
        middle + (index - (length - 1) / 2) * stageGap
    const stageY = yAmong(stages)
    const sinkY = yAmong(sinks)
    const side = (/** @type {number} */ x, /** @type {number} */ y) =>
      /** @type {[number, number]} */ ([x, y + boxHeight / 2])
    const [sourceX, routeX, stageX, correlateX, sinkX] = columns
    const lettersY = height - boxHeight - 8

    const edges = [
      edge(side(sourceX + boxWidth, middle), side(routeX, middle), rate(rates.consumed), rates.consumed > 0),
      lettersEdge(routeX + boxWidth / 2, middle + boxHeight, lettersY, rate(letterRate), letterRate > 0),
      ...sinks.map((/** @type {any} */ _, /** @type {number} */ index) => {
        const label = sinks.length === 1 ? rate(rates.merged) : ''
        return edge(side(correlateX + boxWidth, middle), side(sinkX, sinkY(index)), label, rates.merged > 0)
      }),
      ...stages.flatMap((/** @type {any} */ { name }, /** @type {number} */ index) => {
        const isBusy = (batches.get(`stage-${name}`) ?? 0) > 0
        return [
          edge(side(routeX + boxWidth, middle), side(stageX, stageY(index)), '', isBusy),
          edge(side(stageX + boxWidth, stageY(index)), side(correlateX, middle), '', isBusy),
        ]
      }),
    ]
    const { sources } = topology
    const topics = sources.map((/** @type {any} */ { topic }) => topic).join(', ')
    const routes = sources.length === 1 ? sources[0].route.id : `${sources.length} routes`
    const by = sources.length === 1 ? `by ${sources[0].route.by}` : 'one for each source'
    const boxes = [
      box(
        [sourceX, middle],
        'source',
        [[topics], [`lag ${count(lag)}`, 'quiet']],
        lagBars(partitions, sourceX, middle),
      ),
      box([routeX, middle], 'route', [[routes], [by, 'quiet']]),
      ...stages.map((/** @type {any} */ { name }, /** @type {number} */ index) => {
        const perSecond = batches.get(`stage-${name}`) ?? 0
        const busy = `${perSecond.toFixed(perSecond < 10 ? 1 : 0)} batches/s`
        return box([stageX, stageY(index)], `stage-${name}`, [[`stage ${name}`], [busy, 'quiet']])
      }),
      box([correlateX, middle], 'correlate', [
        [topology.correlate.id],
        [`${count(report.pendingRows)} pending`, 'quiet'],
      ]),
      ...sinks.map((/** @type {any} */ { id, topic }, /** @type {number} */ index) =>
        box([sinkX, sinkY(index)], index === 0 ? 'sink' : `sink-${id}`, [
          [topic],
          [sinks.length === 1 ? `${count(report.mergedRecords)} merged` : `by ${topology.branch.id}`, 'quiet'],
        ]),
      ),
      box([routeX, lettersY], 'dead-letters', [
        ['dead letters'],
        [count(letterCount), letterCount > 0 ? 'bad' : 'quiet'],
      ]),
    ]
    const label = `${topics}: ${rate(rates.consumed)} records, lag ${count(lag)}; ${stages.length} stages; ${topology.correlate.id}: ${count(report.pendingRows)} rows pending; ${sinks.map((/** @type {any} */ { topic: each }) => each).join(', ')}: ${rate(rates.merged)} merged records; ${count(letterCount)} dead letters`
    const view = { class: 'flow', viewBox: `0 0 ${sinkX + boxWidth + 10} ${height}`, role: 'img', 'aria-label': label }
    this.#place.replaceChildren(svg('svg', view, ...edges, ...boxes))
  }

  /**
   * Messages per second of each actor, by its name.
   *
   * @param {any} root
   * @param {number} seconds
   */
  #batches(root, seconds) {
    const now = new Map()
    /** @param {any} actor */
    const visit = (actor) => {
      if (actor.handled !== undefined) now.set(actor.name, actor.handled)
      actor.children.forEach(visit)
    }
    if (root !== undefined) visit(root)
    const rates = new Map(
      Array.from(now, ([name, handled]) => [name, Math.max(0, handled - (this.#handled.get(name) ?? 0)) / seconds]),
    )
    this.#handled = now
    return rates
  }
}

/**
 * The share of the lag that each partition has.
 *
 * @param {readonly { lag: number }[]} partitions
 * @param {number} x
 * @param {number} y
 */
function lagBars(partitions, x, y) {
  const shown = partitions.slice(0, barsMax)
  const most = Math.max(1, ...shown.map(({ lag }) => lag))
  const step = (boxWidth - 20) / Math.max(1, shown.length)
  return shown.map(({ lag }, index) => {
    const height = lag === 0 ? 1 : 2 + (lag / most) * 10
    return svg('rect', {
      class: 'lag',
      x: x + 10 + index * step,
      y: y + boxHeight - 3 - height,
      width: Math.max(1, step - 2),
      height,
    })
  })
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
