import { byId, html } from './dom.js'
import { answerTo } from './feed.js'
import { count, place, plural, ranges, time } from './format.js'

/** Wires what is asked on request: a key, an audit, the processes. */
export function wireQuestions() {
  const key = /** @type {HTMLInputElement} */ (byId('key'))
  byId('explain-form').addEventListener('submit', (event) => {
    event.preventDefault()
    const path = `api/explain?key=${encodeURIComponent(key.value)}`
    void answerInto(byId('explanation'), () => answerTo(path), explanationView)
  })
  byId('audit-button').addEventListener('click', () => {
    void answerInto(byId('audit'), () => answerTo('api/audit', 'POST'), auditView)
  })
  byId('processes-button').addEventListener('click', () => {
    void answerInto(byId('processes'), () => answerTo('api/processes'), processesView)
  })
}

/**
 * @param {HTMLElement} target
 * @param {() => Promise<any>} ask
 * @param {(answer: any) => HTMLElement} view
 */
async function answerInto(target, ask, view) {
  target.replaceChildren(html('p', { class: 'quiet' }, 'Asking the brokers…'))
  try {
    target.replaceChildren(view(await ask()))
  } catch (error) {
    target.replaceChildren(html('p', { class: 'bad' }, String(error)))
  }
}

/** @param {any} explanation */
function explanationView({ key, pending, unread = [], published, deadLetters, isRemembered }) {
  const lines = []
  if (pending !== undefined) {
    lines.push(html('p', {}, `waits for ${pending.missing.join(', ')}`))
    lines.push(places(pending.parts, (/** @type {any} */ part) => `${part.side}: `))
  }
  for (const record of published) {
    const parts = record.parts.map((/** @type {any} */ part) => `${part.side} ${place(part)}`).join(', ')
    lines.push(
      html(
        'p',
        {},
        `${record.missing.length > 0 ? 'expired' : 'merged'} to ${record.topic} ${place(record)} from ${parts}`,
      ),
    )
  }
  for (const { letter, ...where } of deadLetters)
    lines.push(
      html(
        'p',
        {},
        `dead letter ${place(where)}: ${letter.reason} of ${letter.topic} ${letter.origins.map(place).join(', ')}`,
      ),
    )
  if (unread.length > 0)
    lines.push(
      html('p', {}, `${plural(unread.length, 'record', 'records')} still to be read`),
      places(unread, () => ''),
    )
  if (isRemembered) lines.push(html('p', {}, 'remembered as completed'))
  if (lines.length === 0) lines.push(html('p', {}, 'no record of this key was found'))
  return html('div', {}, html('h3', {}, `key ${key}`), ...lines)
}

/**
 * @param {readonly any[]} records
 * @param {(record: any) => string} title
 */
function places(records, title) {
  return html(
    'ul',
    {},
    ...records.map((record) =>
      html('li', {}, `${title(record)}${record.topic} ${place(record)}, ${time(record.timestampMs)}`),
    ),
  )
}

/** @param {any} report */
function auditView({ verdict, epoch, closedMs, accounting, contradictions, unclassified, removedFrom }) {
  const consumed = accounting.reduce(
    (/** @type {number} */ sum, /** @type {any} */ account) => sum + account.consumed,
    0,
  )
  return html(
    'div',
    {},
    html('p', { class: verdict === 'wrong' ? 'bad' : 'good' }, `${verdict}: ${count(consumed)} consumed offsets`),
    html('p', { class: 'quiet' }, `epoch ${epoch} of ${time(closedMs)}`),
    contradictions.count + unclassified.count > 0 &&
      html(
        'p',
        { class: 'bad' },
        `${count(contradictions.count)} with two classes, ${count(unclassified.count)} with none`,
      ),
    removedFrom.length > 0 && html('p', {}, `records have been removed from ${removedFrom.join(', ')}`),
  )
}

/** @param {readonly any[]} processes */
function processesView(processes) {
  return html(
    'ul',
    {},
    ...processes.map(({ memberId, host, pid, role, tasks = [], standbyTasks = [] }) => {
      const process = pid === undefined ? '' : `, process ${pid}`
      const own = tasks.length === 0 ? '' : `, tasks ${ranges(tasks)}`
      const copies = standbyTasks.length === 0 ? '' : `, copies of ${ranges(standbyTasks)}`
      return html('li', {}, html('strong', {}, role), ` at ${host}${process}${own}${copies}, ${memberId}`)
    }),
  )
}
