/**
 * The JSON scanner: `Scanner` in `../json/scanner.ts` is its face and says what it promises.
 *
 * One loop over values with a stack of open containers. Each container has the scope, in the tree of field paths, in
 * which the names of its members are looked up; most have none.
 *
 * Why it cannot run away: a record is scanned only if its last byte is a closing brace or bracket. Numbers, literals,
 * white space and punctuation all stop at that byte at the latest, strings are bounded by `end`, and after each closing
 * byte `end` is checked. So no other step needs a bound.
 */
import { NOT_AN_OBJECT, NOT_JSON, OK, TOO_DEEP, unknownScalar } from '../constants/status'
import { ARRAY, ESCAPED_STRING, MISSING, OBJECT, PLAIN_STRING } from '../constants/value-kind'
import { bareKind, literalEnd, numberEnd } from './bare'
import { ends, kinds, starts } from './found'
import { findEscapedName, findName } from './names'
import { afterEscapes, plainEnd, stringEnd } from './text'

const QUOTE: u32 = 0x22
const COMMA: u32 = 0x2c
const NINE: u32 = 0x39
const COLON: u32 = 0x3a
const OPEN_BRACKET: u32 = 0x5b
const OPEN_BRACE: u32 = 0x7b
const CLOSE_BRACE: u32 = 0x7d

/** How many fields are looked for. */
export let fieldCount: usize = 0

/**
 * The tree of field paths, and the stack: four words an open container, its closing byte, scope, field, and of an array
 * how many elements have begun.
 */
let root: usize = 0
let fields: usize = 0
let scopes: usize = 0
let belowStarts: usize = 0
let below: usize = 0
let names: usize = 0
let elementStarts: usize = 0
let elements: usize = 0
let frames: usize = 0
let framesEnd: usize = 0
const FRAME: usize = 16

/** Where the tree lies, as `../json/scanner.ts` has written it, and the place for `depthMax + 1` frames. */
export function setTree(
  rootNode: usize,
  fieldsAt: usize,
  scopesAt: usize,
  belowStartsAt: usize,
  belowAt: usize,
  namesAt: usize,
  elementStartsAt: usize,
  elementsAt: usize,
  framesAt: usize,
  depthMax: usize,
): void {
  root = rootNode
  fields = fieldsAt
  scopes = scopesAt
  belowStarts = belowStartsAt
  below = belowAt
  names = namesAt
  elementStarts = elementStartsAt
  elements = elementsAt
  frames = framesAt
  fieldCount = load<u32>(belowStartsAt + (rootNode << 2), 4) - load<u32>(belowStartsAt + (rootNode << 2))
  framesEnd = framesAt + FRAME * (depthMax + 1)
  store<u32>(frames, 0)
  store<u32>(frames, <u32>root, 4)
  store<i32>(frames, -1, 8)
}

/** Scans the record from `from` to `to`; 16 bytes after it can be read. */
export function scanAnew(from: usize, to: usize): i32 {
  let at = from
  while (at < to && isSpace(load<u8>(at))) at++
  let end = to
  while (end > at && isSpace(load<u8>(end - 1))) end--
  if (at == end) return NOT_JSON
  const first: u32 = load<u8>(at)
  if (first != OPEN_BRACE && first != OPEN_BRACKET) return unknownScalar
  if (load<u8>(end - 1) != first + 2) return NOT_JSON

  let top = frames + FRAME
  let node = root
  let isMember = false
  while (true) {
    // Before a value: the colon after its name.
    if (isMember) {
      at = afterSpace(at)
      if (load<u8>(at) != COLON) return NOT_JSON
      at = afterSpace(at + 1)
    }
    let field: i32 = -1
    if (node != 0) {
      // Nothing is found yet of what lies below; so of members with one name the last counts, with all in it.
      const end = load<u32>(belowStarts + (node << 2), 4)
      for (let i: u32 = load<u32>(belowStarts + (node << 2)); i < end; i++) {
        const under = load<u32>(below + (i << 2)) << 2
        store<i32>(starts + under, -1)
        store<i32>(ends + under, -1)
        store<i32>(kinds + under, MISSING)
      }
      field = load<i32>(fields + (node << 2))
      if (field >= 0) store<u32>(starts + (field << 2), <u32>at)
    }

    let kind = MISSING
    let byte: u32 = load<u8>(at)
    if (byte == QUOTE) {
      at++
      const close = plainEnd(at, end)
      if (load<u8>(close) == QUOTE && close < end) {
        at = close + 1
        kind = PLAIN_STRING
      } else {
        at = stringEnd(close, end)
        if (<i32>at < 0) return -(<i32>at)
        kind = afterEscapes ? ESCAPED_STRING : PLAIN_STRING
      }
    } else if (byte == OPEN_BRACE || byte == OPEN_BRACKET) {
      if (top == framesEnd) return TOO_DEEP
      const isObject = byte == OPEN_BRACE
      store<u32>(top, byte + 2)
      store<u32>(top, isObject ? load<u32>(scopes + (node << 2)) : elementScope(node), 4)
      store<i32>(top, field, 8)
      store<u32>(top, 0, 12)
      top += FRAME
      if (field >= 0) store<i32>(kinds + (field << 2), isObject ? OBJECT : ARRAY)
      at = afterSpace(at + 1)
      if (load<u8>(at) != byte + 2) {
        isMember = isObject
        if (!isMember) {
          node = nextElement(top - FRAME)
          continue
        }
        // The first name.
        if (load<u8>(at) != QUOTE) return NOT_JSON
        node = load<u32>(top - FRAME, 4)
        at = readName(at + 1, end, node)
        if (<i32>at < 0) return -(<i32>at)
        node = nodeOfName
        continue
      }
      field = -1
    } else if (byte <= NINE) {
      at = numberEnd(at)
      if (at == 0) return NOT_JSON
      kind = bareKind
    } else {
      at = literalEnd(at)
      if (at == 0) return NOT_JSON
      kind = bareKind
    }
    if (field >= 0) {
      store<i32>(kinds + (field << 2), kind)
      store<u32>(ends + (field << 2), <u32>at)
    }

    // After a value: the containers that end here, then a comma.
    while (true) {
      at = afterSpace(at)
      byte = load<u8>(at)
      at++
      if (byte == COMMA) break
      top -= FRAME
      if (byte != load<u32>(top)) return NOT_JSON
      const closed = load<i32>(top, 8)
      if (closed >= 0) store<u32>(ends + (closed << 2), <u32>at)
      if (top == frames + FRAME) {
        if (at != end) return NOT_JSON
        return first == OPEN_BRACKET ? NOT_AN_OBJECT : OK
      }
      if (at == end) return NOT_JSON
    }
    at = afterSpace(at)
    isMember = load<u32>(top - FRAME) == CLOSE_BRACE
    if (!isMember) node = nextElement(top - FRAME)
    else {
      if (load<u8>(at) != QUOTE) return NOT_JSON
      at = readName(at + 1, end, load<u32>(top - FRAME, 4))
      if (<i32>at < 0) return -(<i32>at)
      node = nodeOfName
    }
  }
}

/** The scope of the elements of an array at a node; 0 where no path leads to any. */
function elementScope(node: usize): u32 {
  const at = elementStarts + (node << 2)
  return load<u32>(at) == load<u32>(at, 4) ? 0 : <u32>node
}

/** The node that the next element of an open array leads to. */
function nextElement(frame: usize): usize {
  const scope: usize = load<u32>(frame, 4)
  if (scope == 0) return 0
  const index = load<u32>(frame, 12)
  store<u32>(frame, index + 1, 12)
  const last = load<u32>(elementStarts + (scope << 2), 4)
  for (let i: usize = load<u32>(elementStarts + (scope << 2)); i < last; i++) {
    if (load<u32>(elements + (i << 3)) == index) return load<u32>(elements + (i << 3), 4)
  }
  return 0
}

/** The node that the name read last leads to: a second result of `readName`. */
let nodeOfName: usize = 0

/** Reads the name whose content begins at `from`; returns the place after its closing quote, or a negated status. */
function readName(from: usize, end: usize, scope: usize): usize {
  const close = plainEnd(from, end)
  if (load<u8>(close) == QUOTE && close < end) {
    nodeOfName = scope == 0 ? 0 : findName(names, from, close, <u32>scope) + 1
    return close + 1
  }
  const after = stringEnd(close, end)
  if (<i32>after < 0) return after
  nodeOfName = 0
  if (scope != 0) {
    nodeOfName =
      (afterEscapes
        ? findEscapedName(names, from, after - 1, <u32>scope)
        : findName(names, from, after - 1, <u32>scope)) + 1
  }
  return after
}

export function afterSpace(from: usize): usize {
  let at = from
  while (isSpace(load<u8>(at))) at++
  return at
}

/** Tab, line feed, carriage return and space, as bits by their number. */
const spaces: u64 = 0x100002600

function isSpace(byte: u32): bool {
  return byte <= 0x20 && ((spaces >> byte) & 1) != 0
}
