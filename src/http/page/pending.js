import { html, table } from './dom.js'
import { count, duration, plural } from './format.js'

const groupsMax = 12

/**
 * Pending rows by what they lack, and by age.
 *
 * @param {any} pending
 */
export function pendingView(pending) {
  if (pending === undefined) return html('p', {}, 'Not counted yet.')
  const { rows, oldestMs, takenMs, byMissing, byAge, oldest } = pending
  if (rows === 0) return html('p', {}, 'No row is pending.')
  const missing = byMissing.slice(0, groupsMax).map((/** @type {any} */ group) => {
    const waits = group.rows === 1 ? 'waits' : 'wait'
    const only = group.missing.length === 1 ? ' only' : ''
    return bar(`${plural(group.rows, 'row', 'rows')} ${waits}${only} for ${listed(group.missing)}`, group.rows / rows)
  })
  const ages = byAge.map((/** @type {any} */ { upToMs, rows: number }) =>
    bar(`${upToMs === undefined ? 'older' : `up to ${duration(upToMs)}`}: ${count(number)}`, number / rows),
  )
  return html(
    'div',
    {},
    html(
      'p',
      { class: 'quiet' },
      `${plural(rows, 'row', 'rows')}, the oldest of ${duration(Math.max(0, takenMs - oldestMs))} ago`,
    ),
    html('h3', {}, 'By what is missing'),
    html('ul', { class: 'bars' }, ...missing),
    html('h3', {}, 'By age'),
    html('ul', { class: 'bars' }, ...ages),
    html('h3', {}, 'The oldest'),
    oldestTable(oldest, takenMs),
  )
}

/**
 * @param {readonly any[]} rows
 * @param {number} takenMs
 */
function oldestTable(rows, takenMs) {
  return table(
    ['key', 'waits for', { number: 'age' }],
    rows.map(({ key, missing, oldestMs }) => [
      html('span', { class: 'key-text' }, key),
      missing.length === 0 ? 'its lists' : listed(missing),
      duration(Math.max(0, takenMs - oldestMs)),
    ]),
  )
}

/**
 * @param {string} text
 * @param {number} share
 */
function bar(text, share) {
  const filled = html('span')
  filled.style.width = `${Math.max(0.5, share * 100)}%`
  return html('li', {}, text, html('div', { class: 'bar', 'aria-hidden': 'true' }, share > 0 && filled))
}

/** @param {readonly string[]} names */
function listed(names) {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
