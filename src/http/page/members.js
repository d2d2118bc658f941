import { html, table } from './dom.js'
import { count, plural, ranges } from './format.js'

/** What is told of members and sums, with its title. */
const figures = {
  records: 'records',
  emitted: 'emitted',
  deadLettered: 'dead letters',
  pending: 'pending',
  lag: 'lag',
}

/**
 * Who works on a program whose members share its work, what each has done, and the sums over all tasks.
 *
 * @param {any} program
 */
export function membersView({ members, tasks, total }) {
  const numbers = (/** @type {any} */ each) => Object.keys(figures).map((name) => count(each[name]))
  const head = ['process', 'at', 'tasks', 'copies of', ...Object.values(figures).map((number) => ({ number }))]
  const rows = members.map((/** @type {any} */ member) => [
    html('span', { title: member.memberId }, `${member.pid ?? member.memberId}${member.isThis ? ', this one' : ''}`),
    member.host,
    member.tasks.length === 0 ? 'none' : ranges(member.tasks),
    ranges(member.standbyTasks),
    ...numbers(member),
  ])
  const sums = [html('strong', {}, 'all'), plural(members.length, 'process', 'processes'), count(tasks.length), '']
  const orphans = tasks.filter((/** @type {any} */ { memberId }) => memberId === undefined)
  return html(
    'div',
    {},
    table(head, [...rows, [...sums, ...numbers(total)]]),
    orphans.length > 0 &&
      html('p', { class: 'bad' }, `Nobody has ${ranges(orphans.map((/** @type {any} */ { task }) => task))} yet.`),
  )
}
