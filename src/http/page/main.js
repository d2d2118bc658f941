import { actorTree } from './actors.js'
import { Charts } from './charts.js'
import { classes } from './classes.js'
import { byId, html, say, table } from './dom.js'
import { follow, keepToken, TokenNeeded } from './feed.js'
import { bytes, count, duration, rate } from './format.js'
import { Letters } from './letters.js'
import { membersView } from './members.js'
import { pendingView } from './pending.js'
import { wireQuestions } from './questions.js'
import { show } from './show.js'
import { streaksView } from './streaks.js'
import { Subtopologies } from './subtopologies.js'
import { Flow } from './topology.js'

const charts = new Charts(byId('charts'))
const flow = new Flow(byId('flow'))
const letters = new Letters(byId('reasons'), byId('letters'))
const subtopologies = new Subtopologies(byId('subtopologies'), () => {
  charts.choose(subtopologies.chosen)
  flow.begin()
  if (last !== undefined) drawChosen(last)
})
/** @type {any} */
let last

wireQuestions()
byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault()
  keepToken(/** @type {HTMLInputElement} */ (byId('token')).value)
  begin()
})
begin()

function begin() {
  void follow({
    event(name, data) {
      byId('token-form').hidden = true
      if (name === 'past') charts.begin(data)
      else draw(data)
    },
    broken(error) {
      badge('connection', error instanceof TokenNeeded ? 'token needed' : 'disconnected', 'bad')
      if (!(error instanceof TokenNeeded)) return
      byId('token-form').hidden = false
      byId('live').hidden = true
      byId('token').focus()
    },
  })
}

/** @param {any} state */
function draw({ inspection, isReady, reason, point }) {
  byId('live').hidden = false
  document.title = `${inspection.app} – Millrace`
  say(byId('app'), inspection.app)
  badge('role', inspection.role, 'quiet')
  badge('connection', 'live', 'good')
  const health = byId('health')
  health.className = isReady ? 'good' : 'bad'
  // A reason that counts seconds would be read out every second.
  if (!isReady || health.dataset['ready'] !== 'true') say(health, `${isReady ? 'Ready' : 'Not ready'}: ${reason}`)
  health.dataset['ready'] = String(isReady)
  charts.add(point)
  last = inspection
  drawChosen(inspection)
}

/**
 * What is of the subtopology that is looked at.
 *
 * @param {any} first
 */
function drawChosen(first) {
  const inspection = subtopologies.draw(first)
  const rates = charts.rates()
  drawFigures(inspection, rates)
  flow.draw(inspection, rates)
  show(byId('actors'), actorTree(inspection.actors))
  show(byId('pending'), pendingView(inspection.pending))
  drawProgram(inspection)
  streaksView(byId('streaks'), inspection.streaks)
  letters.draw(inspection.deadLetters)
}

/**
 * What all processes do that share the work, where they do, and else this one.
 *
 * @param {any} inspection
 */
function drawProgram({ program, partitions, topology }) {
  const isShared = topology.layout !== undefined
  say(byId('now-title'), isShared ? 'Now, in this process' : 'Now')
  say(byId('charts-title'), isShared ? 'Over time, in this process' : 'Over time')
  byId('members-card').hidden = program === undefined
  if (program !== undefined) show(byId('members'), membersView(program))
  show(byId('partitions'), partitionTable(program?.partitions ?? partitions))
}

/**
 * @param {string} id
 * @param {string} text
 * @param {'good' | 'bad' | 'quiet'} kind
 */
function badge(id, text, kind) {
  const element = byId(id)
  element.className = `badge ${kind}`
  say(element, text)
}

/**
 * @param {any} inspection
 * @param {{ consumed: number, merged: number }} rates
 */
function drawFigures({ report, partitions, deadLetters, epochs }, rates) {
  const sum = (/** @type {readonly any[]} */ all, /** @type {string} */ name) =>
    all.reduce((total, each) => total + (each[name] ?? 0), 0)
  const figures = {
    records: ['Records', count(report.records)],
    rate: ['Records a second', rate(rates.consumed)],
    merged: ['Merged', count(report.mergedRecords)],
    lag: ['Lag', count(sum(partitions, 'lag'))],
    delay: ['Behind', duration(Math.max(0, ...partitions.map((/** @type {any} */ { delayMs = 0 }) => delayMs)))],
    pending: ['Pending rows', count(report.pendingRows)],
    table: ['Table', bytes(report.tableBytes)],
    letters: ['Dead letters', count(sum(deadLetters, 'count'))],
    epochs: ['Epochs', count(epochs.committed)],
    rollbacks: ['Rolled back', count(epochs.rolledBack)],
  }
  show(
    byId('figures'),
    ...Object.entries(figures).map(([id, [title, text]]) =>
      html('div', {}, html('dt', {}, title), html('dd', { 'data-figure': id }, text)),
    ),
  )
}

/**
 * With the classes that some offset has: all of them would be wider than most screens.
 *
 * @param {readonly any[]} partitions
 */
function partitionTable(partitions) {
  const present = classes.filter((name) => partitions.some((partition) => partition[name] > 0))
  const head = ['topic', ...['partition', 'lag', 'behind', 'consumed', ...present].map((number) => ({ number }))]
  return table(
    head,
    partitions.map((partition) => [
      partition.topic,
      partition.partition,
      count(partition.lag),
      partition.delayMs === undefined ? '–' : duration(partition.delayMs),
      count(partition.consumed),
      ...present.map((name) => count(partition[name])),
    ]),
  )
}
