/**
 * Makes what is in an element what it is to be, and touches only what is another: who reads, selects or listens is not
 * disturbed, and the browser lays out and paints what has changed.
 *
 * @param {Element} place - Whose contents nobody holds on to.
 * @param {readonly Node[]} contents
 */
export function show(place, ...contents) {
  const before = [...place.childNodes]
  for (const [at, node] of contents.entries()) {
    const known = before[at]
    if (known === undefined) place.append(node)
    else if (!becomes(known, node)) known.replaceWith(node)
  }
  for (const node of before.slice(contents.length)) node.remove()
}

/**
 * Whether a node is now as another one, which it can be where they are of one kind.
 *
 * @param {Node} known
 * @param {Node} node
 */
function becomes(known, node) {
  if (known.isEqualNode(node)) return true
  if (known.nodeName !== node.nodeName) return false
  if (!(known instanceof Element && node instanceof Element)) {
    known.nodeValue = node.nodeValue
    return true
  }
  takeAttributes(known, node)
  show(known, ...node.childNodes)
  return true
}

/**
 * @param {Element} known
 * @param {Element} node
 */
function takeAttributes(known, node) {
  for (const name of known.getAttributeNames()) if (!node.hasAttribute(name)) known.removeAttribute(name)
  for (const { name, value } of node.attributes) {
    if (known.getAttribute(name) === value) continue
    // The policy of the page allows no attribute `style`, but what a script sets.
    if (name === 'style') styleOf(known).cssText = styleOf(node).cssText
    else known.setAttribute(name, value)
  }
}

/** @param {Element} element */
function styleOf(element) {
  return /** @type {HTMLElement | SVGElement} */ (element).style
}
