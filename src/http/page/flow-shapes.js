import { svg } from './dom.js'

export const boxWidth = 150
export const boxHeight = 58
const characters = 20
const barsMax = 24

/** @typedef {readonly [x: number, y: number]} Place */

/** @param {string} text */
function short(text) {
  return text.length > characters ? `${text.slice(0, characters - 1)}…` : text
}

/**
 * @param {Place} place
 * @param {string} id
 * @param {readonly (readonly [text: string, kind?: string])[]} lines
 * @param {readonly number[]} bars - Shares of something, drawn side by side.
 */
export function box([x, y], id, lines, bars = []) {
  const texts = lines.map(([text, kind = ''], index) =>
    svg('text', { x: x + 10, y: y + 22 + 18 * index, class: kind }, short(text)),
  )
  const title = svg('title', {}, lines.map(([text]) => text).join(', '))
  const rect = svg('rect', { x, y, width: boxWidth, height: boxHeight, rx: 8 })
  return svg('g', { 'data-node': id }, title, rect, ...texts, ...barsIn(bars, x, y))
}

/**
 * From the right side of one box to the left side of another, or from the bottom of one to the top of one below it.
 *
 * @param {Place} from
 * @param {Place} to
 * @param {string} label
 * @param {boolean} isBusy
 */
export function edge([fromX, fromY], [toX, toY], label, isBusy) {
  const kind = { class: isBusy ? 'busy' : '' }
  if (fromX === toX) {
    const [x, top] = [fromX + boxWidth / 2, fromY + boxHeight]
    const text = svg('text', { x: x + 8, y: (top + toY) / 2 + 4, class: 'quiet' }, label)
    return svg('g', {}, svg('path', { d: `M${x},${top}V${toY}`, ...kind }), text)
  }
  const [x1, y1, x2, y2] = [fromX + boxWidth, fromY + boxHeight / 2, toX, toY + boxHeight / 2]
  const bend = (x2 - x1) / 2
  const d = `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`
  const text = svg('text', { x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 6, 'text-anchor': 'middle', class: 'quiet' }, label)
  return svg('g', {}, svg('path', { d, ...kind }), text)
}

/**
 * @param {readonly number[]} bars
 * @param {number} x
 * @param {number} y
 */
function barsIn(bars, x, y) {
  const shown = bars.slice(0, barsMax)
  const most = Math.max(1, ...shown)
  const step = (boxWidth - 20) / Math.max(1, shown.length)
  return shown.map((value, index) => {
    const height = value === 0 ? 1 : 2 + (value / most) * 10
    const width = Math.max(1, step - 2)
    return svg('rect', { class: 'lag', x: x + 10 + index * step, y: y + boxHeight - 3 - height, width, height })
  })
}
