import { html } from './dom.js'
import { count, plural, time } from './format.js'

/**
 * The supervision tree, as a list of lists.
 *
 * @param {any} root
 */
export function actorTree(root) {
  if (root === undefined) return html('p', {}, 'This process is not the active one.')
  return html('ul', { class: 'tree' }, actorItem(root))
}

/**
 * @param {any} actor
 * @returns {HTMLElement}
 */
function actorItem({
  kind,
  path,
  name,
  status,
  strategy,
  restarts,
  lastCause,
  lastCrashMs,
  handled,
  mailbox,
  children,
}) {
  const isWell = status === 'running'
  const facts = [
    kind === 'supervisor' ? strategy : `${count(handled)} handled, ${count(mailbox)} in its mailbox`,
    restarts > 0 && plural(restarts, 'restart', 'restarts'),
  ].filter(Boolean)
  return html(
    'li',
    { 'data-actor': path },
    html('span', { class: isWell ? 'good' : 'bad' }, isWell ? '● ' : `○ ${status} `),
    html('strong', {}, name),
    html('span', { class: restarts > 0 ? 'bad' : 'quiet' }, ` ${facts.join(', ')}`),
    lastCause !== undefined &&
      html('div', { class: 'bad' }, lastCrashMs === undefined ? lastCause : `${time(lastCrashMs)}: ${lastCause}`),
    children.length > 0 && html('ul', {}, ...children.map(actorItem)),
  )
}
