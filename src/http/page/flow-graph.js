import { count, rate } from './format.js'

/**
 * @typedef {object} Node
 * @property {string} id
 * @property {number} column
 * @property {number} row - How many rows below the middle; those above it are below zero.
 * @property {readonly (readonly [text: string, kind?: string])[]} lines
 * @property {readonly number[]} [bars]
 *
 * @typedef {object} Edge
 * @property {Node} from
 * @property {Node} to
 * @property {string} label
 * @property {boolean} isBusy
 */

/**
 * What flows now, a second.
 *
 * @typedef {object} Rates
 * @property {number} merged
 * @property {number} letters
 * @property {ReadonlyMap<string, number>} consumed - By topic.
 * @property {ReadonlyMap<string, number>} handled - Batches, by actor.
 */

/**
 * The operators of a subtopology in columns, from its sources to its sinks, and what leads from one to the next.
 *
 * @param {any} inspection
 * @param {Rates} rates
 * @returns {{ nodes: Node[], edges: Edge[] }}
 */
export function graphOf({ topology, partitions, report, deadLetters, next }, rates) {
  const { sources, stages, correlate, steps, branch, sinks } = topology
  /** @type {Node[]} */
  const nodes = []
  /** @type {Edge[]} */
  const edges = []
  /** @type {(id: string, column: number, row: number, lines: Node['lines'], bars?: readonly number[]) => Node} */
  const add = (id, column, row, lines, bars = []) => {
    const node = { id, column, row, lines, bars }
    nodes.push(node)
    return node
  }
  /** @type {(from: Node, to: Node, label: string, isBusy: boolean) => void} */
  const connect = (from, to, label, isBusy) => void edges.push({ from, to, label, isBusy })
  /** @type {(id: string) => string} */
  const batches = (id) => {
    const each = rates.handled.get(id) ?? 0
    return `${each.toFixed(each < 10 ? 1 : 0)} batches/s`
  }
  const isBusy = (/** @type {string} */ id) => (rates.handled.get(id) ?? 0) > 0

  const routeColumn = 1 + Math.max(0, ...sources.map((/** @type {any} */ source) => source.steps.length))
  const stageNodes = new Map(
    stages.map((/** @type {any} */ { name }, /** @type {number} */ index) => [
      name,
      add(`stage-${name}`, routeColumn + 1, rowAmong(stages, index), [
        [`stage ${name}`],
        [batches(`stage-${name}`), 'quiet'],
      ]),
    ]),
  )
  const correlation = add('correlate', routeColumn + 2, 0, [
    [correlate.id],
    [`${count(report.pendingRows)} pending`, 'quiet'],
  ])
  for (const [name, stage] of stageNodes) connect(stage, correlation, '', isBusy(`stage-${name}`))

  /** @type {Node | undefined} */
  let lowest
  sources.forEach((/** @type {any} */ source, /** @type {number} */ index) => {
    const row = rowAmong(sources, index)
    const own = partitions.filter((/** @type {any} */ { topic }) => topic === source.topic)
    const lags = own.map((/** @type {any} */ { lag }) => lag)
    const consumed = rates.consumed.get(source.topic) ?? 0
    const id = index === 0 ? 'source' : `source-${source.topic}`
    let last = add(id, 0, row, [[source.topic], [`lag ${count(sum(lags))}`, 'quiet']], lags)
    let label = rate(consumed)
    source.steps.forEach((/** @type {any} */ step, /** @type {number} */ at) => {
      const node = add(`step-${step.id}`, 1 + at, row, [[`${step.kind} ${step.id}`], [batches(step.id), 'quiet']])
      connect(last, node, label, consumed > 0)
      last = node
      label = ''
    })
    const routeLines = /** @type {Node['lines']} */ ([[source.route.id], [`by ${source.route.by}`, 'quiet']])
    const route = add(index === 0 ? 'route' : `route-${source.topic}`, routeColumn, row, routeLines)
    connect(last, route, label, consumed > 0)
    for (const name of source.stages) connect(route, stageNodes.get(name), '', isBusy(`stage-${name}`))
    lowest = route
  })
  const letters = sum(deadLetters.map((/** @type {any} */ each) => each.count))
  if (lowest !== undefined) {
    const row = lowest.row + 1.6
    const kind = letters > 0 ? 'bad' : 'quiet'
    const node = add('dead-letters', routeColumn, row, [['dead letters'], [count(letters), kind]])
    connect(lowest, node, rate(rates.letters), rates.letters > 0)
  }

  let last = correlation
  let label = rate(rates.merged)
  const after = [...steps, ...(branch === undefined ? [] : [{ kind: 'branch', id: branch.id }])]
  for (const { kind, id } of after) {
    const node = add(`step-${id}`, last.column + 1, 0, [[`${kind} ${id}`], ['after the merge', 'quiet']])
    connect(last, node, label, rates.merged > 0)
    last = node
    label = ''
  }
  sinks.forEach((/** @type {any} */ { id, topic }, /** @type {number} */ index) => {
    const about = sinks.length === 1 ? `${count(report.mergedRecords)} merged` : `sink ${id}`
    const sink = add(index === 0 ? 'sink' : `sink-${id}`, last.column + 1, rowAmong(sinks, index), [
      [topic],
      [about, 'quiet'],
    ])
    connect(last, sink, sinks.length === 1 ? label : '', rates.merged > 0)
    if (next === undefined || index > 0) return
    const { topology: further, report: told } = next
    const onward = add('next', sink.column + 1, sink.row, [
      [`then ${further.correlate.id}`],
      [`${count(told.pendingRows)} pending`, 'quiet'],
    ])
    connect(sink, onward, '', rates.merged > 0)
  })
  return { nodes, edges }
}

/**
 * @param {readonly unknown[]} all
 * @param {number} index
 */
function rowAmong({ length }, index) {
  return index - (length - 1) / 2
}

/** @param {readonly number[]} numbers */
export function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
