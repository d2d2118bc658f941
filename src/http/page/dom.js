/**
 * The page is made of elements and text alone: nothing that comes from a program is ever read as HTML.
 *
 * @typedef {Node | string | number | false | undefined} Content
 */

const svgNamespace = 'http://www.w3.org/2000/svg'

/**
 * @param {Element} element
 * @param {Record<string, string | number>} attributes
 * @param {Content[]} contents
 */
function filled(element, attributes, contents) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...contents.filter((content) => content !== false && content !== undefined).map(asNode))
  return element
}

/** @param {Exclude<Content, false | undefined>} content */
function asNode(content) {
  return content instanceof Node ? content : String(content)
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {Content[]} contents
 * @returns {HTMLElement}
 */
export function html(name, attributes = {}, ...contents) {
  const element = document.createElement(name)
  filled(element, attributes, contents)
  return element
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {Content[]} contents
 * @returns {SVGElement}
 */
export function svg(name, attributes = {}, ...contents) {
  const element = /** @type {SVGElement} */ (document.createElementNS(svgNamespace, name))
  filled(element, attributes, contents)
  return element
}

/**
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @returns {Kind}
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`there is no element "${id}"`)
  return /** @type {Kind} */ (element)
}

/**
 * Puts a text where it is another one: what has not changed is not read out again.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * @param {readonly (string | { number: string })[]} head
 * @param {readonly Content[][]} rows
 */
export function table(head, rows) {
  const kinds = head.map((name) => (typeof name === 'string' ? {} : { class: 'number' }))
  const titles = head.map((name, column) =>
    html('th', { scope: 'col', ...kinds[column] }, typeof name === 'string' ? name : name.number),
  )
  const body = rows.map((cells) => html('tr', {}, ...cells.map((cell, column) => html('td', kinds[column], cell))))
  return html('table', {}, html('thead', {}, html('tr', {}, ...titles)), html('tbody', {}, ...body))
}
