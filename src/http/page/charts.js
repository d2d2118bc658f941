import { html, say, svg } from './dom.js'
import { count, duration, rate } from './format.js'

/**
 * @typedef {object} Point
 * @property {number} atMs
 * @property {number} consumed
 * @property {number} merged
 * @property {number} lag
 * @property {number} delayMs
 * @property {number} epochMs
 * @property {number} pendingRows
 * @property {Point} [next]
 */

const pointsMax = 600
const width = 300
const height = 100

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {(point: Point, before: Point) => number} value
 */

/** @param {'consumed' | 'merged'} figure */
const perSecond = (figure) => (/** @type {Point} */ point, /** @type {Point} */ before) =>
  Math.max(0, ((point[figure] - before[figure]) * 1_000) / Math.max(1, point.atMs - before.atMs))

/** @type {readonly { id: string, title: string, show: (value: number) => string, lines: readonly Line[] }[]} */
const charts = [
  {
    id: 'throughput',
    title: 'Throughput',
    show: rate,
    lines: [
      { name: 'records', value: perSecond('consumed') },
      { name: 'merged', value: perSecond('merged') },
    ],
  },
  { id: 'lag', title: 'Lag', show: count, lines: [{ name: 'records', value: ({ lag }) => lag }] },
  {
    id: 'delay',
    title: 'Behind',
    show: duration,
    lines: [{ name: 'last record', value: ({ delayMs }) => delayMs }],
  },
  {
    id: 'epochs',
    title: 'Time of an epoch',
    show: duration,
    lines: [{ name: 'mean', value: ({ epochMs }) => epochMs }],
  },
  {
    id: 'rows',
    title: 'Pending rows',
    show: count,
    lines: [{ name: 'rows', value: ({ pendingRows }) => pendingRows }],
  },
]

/** Lines over the time that the page, or the server, has seen. */
export class Charts {
  /** @type {Point[]} */
  #all = []
  /** @type {Point[]} */
  #points = []
  #place = 0
  #figures

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#figures = charts.map(({ id, title, lines }) => {
      const paths = lines.map((_, index) => svg('path', { class: `line${index > 0 ? ' second' : ''}` }))
      const values = lines.map((_, index) => html('span', { class: `key${index > 0 ? ' second' : ''}` }))
      const view = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }
      const top = html('span', { class: 'quiet' })
      place.append(
        html(
          'figure',
          { id: `chart-${id}` },
          html('figcaption', {}, html('strong', {}, title), ...values, top),
          svg('svg', view, ...paths),
        ),
      )
      return { paths, values, top }
    })
  }

  /** @param {readonly Point[]} points - What was before. */
  begin(points) {
    this.#all = [...points]
    this.choose(this.#place)
  }

  /** @param {number} place - Of the subtopology that is drawn, from 0 on. */
  choose(place) {
    this.#place = place
    this.#points = this.#all.flatMap((point) => this.#chosenOf(point))
    if (this.#points.length > 0) charts.forEach((chart, index) => this.#draw(chart, this.#figures[index]))
  }

  /** @param {Point} point */
  #chosenOf(point) {
    /** @type {Point | undefined} */
    let chosen = point
    for (let place = 0; place < this.#place; place++) chosen = chosen?.next
    return chosen === undefined ? [] : [chosen]
  }

  /** @param {Point} point */
  add(point) {
    this.#all.push(point)
    if (this.#all.length > pointsMax) this.#all.shift()
    this.choose(this.#place)
  }

  /** Of the latest point. */
  rates() {
    const [before, point] = this.#points.slice(-2)
    if (point === undefined) return { consumed: 0, merged: 0 }
    return { consumed: perSecond('consumed')(point, before), merged: perSecond('merged')(point, before) }
  }

  /**
   * @param {(typeof charts)[number]} chart
   * @param {{ paths: SVGElement[], values: HTMLElement[], top: HTMLElement }} figure
   */
  #draw({ lines, show }, { paths, values, top }) {
    const [first] = this.#points
    const drawn = lines.map(({ value }) =>
      this.#points.slice(1).map((point, index) => value(point, this.#points[index])),
    )
    const most = Math.max(0, ...drawn.flat())
    const fromMs = first.atMs
    const spanMs = Math.max(1, this.#points[this.#points.length - 1].atMs - fromMs)
    drawn.forEach((numbers, index) => {
      const steps = numbers.map((number, at) => {
        const x = ((this.#points[at + 1].atMs - fromMs) / spanMs) * width
        return `${x.toFixed(1)},${(height - 2 - (number / Math.max(1, most)) * (height - 4)).toFixed(1)}`
      })
      paths[index].setAttribute('d', steps.length > 0 ? `M${steps.join('L')}` : '')
      say(values[index], `${lines[index].name} ${show(numbers.at(-1) ?? 0)}`)
    })
    say(top, `at most ${show(most)} in ${duration(spanMs)}`)
  }
}
