/**
 * Scanning by what earlier records looked like, for most records of a topic have the shape of one before.
 *
 * A record is cut at its strings, numbers and literals that are no names. What lies between them, quotes included, is
 * *glue*: names, colons, commas, brackets and white space as they were written. Two records with the same glue between
 * values of the same sorts have the same structure. So once the scanner has accepted the one, the other is compared and
 * its values are checked, but it need not be understood: its fields lie at the same places in its glue.
 *
 * Shapes are kept as a tree, because they often differ late. An edge is a piece of glue and the sort of what stands
 * after it; the edges that may follow it are a list. At most one of a list fits, because where glue goes on, no value
 * begins.
 */
import { ARRAY, ESCAPED_STRING, MISSING, NULL, OBJECT, PLAIN_STRING } from '../constants/value-kind'
import { bareKind, literalEnd, numberEnd } from './bare'
import { ends, kinds, starts } from './found'
import { afterSpace, fieldCount, scanAnew } from './json'
import { findName } from './names'
import { afterEscapes, plainEnd, stringEnd } from './text'

const QUOTE: u32 = 0x22
const MINUS: u32 = 0x2d
const ZERO: u32 = 0x30
const COLON: u32 = 0x3a
const LOWER_A: u32 = 0x61
const CLOSE_BRACE: u32 = 0x7d

/** What stands after a piece of glue. */
const STRING: u32 = 0
const DIGITS: u32 = 1
const LITERAL: u32 = 2
const END: u32 = 3

/**
 * An edge: the next one of its list, or 0; the first of those that follow it, or 0, or at the end of a record where the
 * fields are described; length of the glue; what stands after it. Then a mask of those of the first sixteen bytes of
 * the glue that count, and the glue.
 */
const NEXT: usize = 0
const FOLLOWING: usize = 4
const LENGTH: usize = 8
const AFTER: usize = 12
const MASK: usize = 16
const GLUE: usize = 32

/** The list of first edges, and then edges and descriptions as they were made. */
const treeBytes: i32 = 1 << 16
const tree = memory.data(treeBytes, 16)
let treeEnd: usize = tree + 16

/** A shape: its number, how many values it has, and of each field a description. */
const COUNT: usize = 4
const FIELDS: usize = 8
/** Where in `places` each field's start and end are counted from, and how far; where in `valueKinds` its kind is. */
const DESCRIPTION: usize = 20

/**
 * Of the current record: where each piece of its glue begins, and the kind of the value after it. In front of them
 * stand 0 for missing fields, and each kind at its number for fields whose kind belongs to the shape.
 */
const placesBytes: i32 = 4 * 256
const firstPlace: usize = 4
const firstKind: i32 = 4 * 16
const places = memory.data(placesBytes, 16)
const valueKinds = memory.data(firstKind + placesBytes, 16)

/** The same, from the first value on. The value itself ends where the next piece of glue begins. */
export const glueStarts = places + firstPlace
export const kindsOfValues = valueKinds + <usize>firstKind

/** Each shape that is learnt has a number of its own. */
let shapes: u32 = 0
/** That of the record that was scanned last; 0 where none fits. */
let knownShape: usize = 0

/** Most edges in a list: of records of sixteen sides, say, in two spellings. */
const alternativesMax: u32 = 32

/** Where shapes seldom fit or seldom return, only one record in so many is compared or learnt. */
const rarely: u32 = 16
/** Records that fit no shape, one after the other, until only few are compared. */
const strangersMax: u32 = 32
let strangers: u32 = 0
let uncompared: u32 = 0
let lessonEvery: u32 = 1
let unlearnt: u32 = 0

/** A field whose value counts as glue where it is one of the names of a table. */
let choiceField: i32 = -1
let choices: usize = 0

/** Records that differ in the value of `field` mostly differ in shape too: a branch there is found out early. */
export function setChoice(field: i32, names: usize): void {
  choiceField = field
  choices = names
}

/** Scans the record from `from` to `to`; 16 bytes after it can be read. */
export function scan(from: usize, to: usize): i32 {
  // Numbers and literals stop at this brace at the latest.
  if (from == to || load<u8>(to - 1) != CLOSE_BRACE) return scanAnew(from, to)
  if (strangers > strangersMax && ++uncompared < rarely) return scanAnew(from, to)
  uncompared = 0
  if (hasKnownShape(from, to)) {
    strangers = 0
    return 0
  }
  strangers++
  const status = scanAnew(from, to)
  if (status == 0 && ++unlearnt >= lessonEvery) {
    unlearnt = 0
    learn(from, to)
  }
  return status
}

/**
 * Finds the values of a record by its shape: `glueStarts` and `kindsOfValues` tell of them.
 *
 * @returns The number of the shape; 0 where none fits that is known.
 */
export function recognise(from: usize, to: usize): u32 {
  knownShape = 0
  scan(from, to)
  return knownShape == 0 ? 0 : load<u32>(knownShape)
}

/** How many values a record has that was recognised. */
export function valueCount(): u32 {
  return load<u32>(knownShape, COUNT)
}

/** Whether a known shape fits the record; then its fields are found. */
function hasKnownShape(from: usize, to: usize): bool {
  let at = from
  let place = places + firstPlace
  let kind = valueKinds + firstKind
  let edge: usize = load<u32>(tree)
  while (edge != 0) {
    const start = at + load<u32>(edge, LENGTH)
    if (isGlue(edge, at, to)) {
      const after = load<u32>(edge, AFTER)
      let end: usize = 0
      if (after == STRING) {
        end = plainEnd(start, to)
        if (load<u8>(end) == QUOTE && end < to) store<u32>(kind, PLAIN_STRING)
        else {
          end = stringEnd(end, to) - 1
          if (<i32>end < 0) return false
          store<u32>(kind, afterEscapes ? ESCAPED_STRING : PLAIN_STRING)
        }
      } else if (after == END) {
        if (start == to) {
          store<u32>(place, <u32>at)
          findFields(load<u32>(edge, FOLLOWING))
          return true
        }
      } else if (start < to) {
        end = after == DIGITS ? numberEnd(start) : literalEnd(start)
        store<u32>(kind, bareKind)
      }
      if (end != 0) {
        store<u32>(place, <u32>at)
        place += 4
        kind += 4
        at = end
        edge = load<u32>(edge, FOLLOWING)
        continue
      }
    }
    edge = load<u32>(edge, NEXT)
  }
  return false
}

function isGlue(edge: usize, at: usize, to: usize): bool {
  const difference = v128.xor(v128.load(at), v128.load(edge, GLUE))
  if (v128.any_true(v128.and(difference, v128.load(edge, MASK)))) return false
  const length: usize = load<u32>(edge, LENGTH)
  return length <= 16 || (at + length <= to && isRest(edge + GLUE, at, length))
}

/** Compares what is after the first sixteen bytes, sixteen at a time; the last of these reach back. */
function isRest(glue: usize, at: usize, length: usize): bool {
  const last = length - 16
  for (let i: usize = 16; i < last; i += 16) {
    if (v128.any_true(v128.xor(v128.load(glue + i), v128.load(at + i)))) return false
  }
  return !v128.any_true(v128.xor(v128.load(glue + last), v128.load(at + last)))
}

function findFields(shape: usize): void {
  knownShape = shape
  let description = shape + FIELDS
  const fieldsEnd = fieldCount << 2
  for (let field: usize = 0; field < fieldsEnd; field += 4) {
    store<u32>(starts + field, load<u32>(places + load<u32>(description)) + load<u32>(description, 4))
    store<u32>(ends + field, load<u32>(places + load<u32>(description, 8)) + load<u32>(description, 12))
    store<u32>(kinds + field, load<u32>(valueKinds + load<u32>(description, 16)))
    description += DESCRIPTION
  }
}

/** Keeps the shape of the record that has just been scanned, unless it has too many values or none of the choices. */
function learn(from: usize, to: usize): void {
  const chosen = choiceOf()
  if (chosen == 0 && choiceField >= 0) return
  let list = tree
  let at = from
  let lookFrom = from
  for (let place = places + firstPlace; place < places + placesBytes; place += 4) {
    store<u32>(place, <u32>at)
    const start = nextValue(lookFrom, to, chosen)
    const after = sortOf(start, to)
    const edge = edgeOf(list, at, start, after)
    if (edge == 0) return forget()
    list = edge + FOLLOWING
    if (after == END) return describe(list, place)
    at = valueEnd(start, to, after)
    lookFrom = after == STRING ? at + 1 : at
  }
}

/** Begins the tree anew, in which rare shapes are less likely to be. */
function forget(): void {
  store<u32>(tree, 0)
  treeEnd = tree + 16
  lessonEvery = rarely
}

/** Where the content of the string begins that counts as glue; 0 where there is none. */
function choiceOf(): usize {
  const field = choiceField << 2
  if (field < 0 || load<u32>(kinds + field) != PLAIN_STRING) return 0
  const start: usize = load<u32>(starts + field) + 1
  return findName(choices, start, load<u32>(ends + field) - 1, 0) < 0 ? 0 : start
}

/**
 * The first place from `from` on where a number, a literal or the content of a string that is no name begins, or `to`.
 */
function nextValue(from: usize, to: usize, chosen: usize): usize {
  for (let at = from; at < to; at++) {
    const byte: u32 = load<u8>(at)
    if (byte == QUOTE) {
      const content = at + 1
      at = stringEnd(content, to)
      if (load<u8>(afterSpace(at)) != COLON && content != chosen) return content
      at--
    } else if (byte == MINUS || byte - ZERO <= 9 || byte - LOWER_A < 26) return at
  }
  return to
}

function sortOf(start: usize, to: usize): u32 {
  if (start == to) return END
  if (load<u8>(start - 1) == QUOTE) return STRING
  return load<u8>(start) < LOWER_A ? DIGITS : LITERAL
}

function valueEnd(start: usize, to: usize, sort: u32): usize {
  if (sort == STRING) return stringEnd(start, to) - 1
  return sort == DIGITS ? numberEnd(start) : literalEnd(start)
}

/** The edge of a list with the glue between two places, which is made where there is none; 0 where it cannot be. */
function edgeOf(list: usize, from: usize, to: usize, after: u32): usize {
  const length = to - from
  let last = list
  let alternatives: u32 = 0
  for (let edge: usize = load<u32>(list); edge != 0; edge = load<u32>(edge, NEXT)) {
    const isAlike = <usize>load<u32>(edge, LENGTH) == length && load<u32>(edge, AFTER) == after
    if (isAlike && memory.compare(edge + GLUE, from, length) == 0) return edge
    last = edge + NEXT
    alternatives++
  }
  if (alternatives == alternativesMax) return 0
  const edge = take(GLUE + max<usize>(length, 16))
  if (edge == 0) return 0
  memory.fill(edge, 0, GLUE)
  store<u32>(edge, <u32>length, LENGTH)
  store<u32>(edge, after, AFTER)
  memory.fill(edge + MASK, 0xff, min<usize>(length, 16))
  memory.copy(edge + GLUE, from, length)
  store<u32>(last, <u32>edge)
  return edge
}

function take(byteCount: usize): usize {
  if (byteCount > tree + treeBytes - treeEnd) return 0
  const at = treeEnd
  treeEnd = (at + byteCount + 15) & ~15
  return at
}

/** Describes where the fields of the current record lie, whose last piece of glue has its place at `last`. */
function describe(list: usize, last: usize): void {
  const shape = take(FIELDS + DESCRIPTION * fieldCount)
  // What is known and was not found is hidden by a record that names the choice twice, once as a value.
  if (shape == 0 || load<u32>(list) != 0) return forget()
  store<u32>(list, <u32>shape)
  store<u32>(shape, ++shapes)
  store<u32>(shape, <u32>((last - glueStarts) >> 2), COUNT)
  let description = shape + FIELDS
  for (let kind = MISSING; kind <= NULL; kind++) store<i32>(valueKinds + (kind << 2), kind)
  for (let field: usize = 0; field < fieldCount << 2; field += 4) {
    const kind = load<i32>(kinds + field)
    const start = placeOf(load<u32>(starts + field), last)
    const end = placeOf(load<u32>(ends + field), last)
    const isOfShape = kind == MISSING || kind == OBJECT || kind == ARRAY || start == end
    store<u32>(description, <u32>(start - places))
    store<u32>(description, load<u32>(starts + field) - load<u32>(start), 4)
    store<u32>(description, <u32>(end - places), 8)
    store<u32>(description, load<u32>(ends + field) - load<u32>(end), 12)
    store<u32>(description, isOfShape ? kind << 2 : <u32>(start - (places + firstPlace) + firstKind), 16)
    description += DESCRIPTION
  }
}

/** The place of the glue that the start or end of a field lies in; of a missing field the one that holds 0. */
function placeOf(address: u32, last: usize): usize {
  if (<i32>address < 0) return places
  let place = last
  while (load<u32>(place) > address) place -= 4
  return place
}
