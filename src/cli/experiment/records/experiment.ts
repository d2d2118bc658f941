/**
 * The records of the experiment, as bytes. Everything follows from the seed: a generator makes the source from it, and
 * a verifier makes the expected result from it again, so nothing has to be remembered in between.
 *
 * All text is ASCII and is written straight into the caller's array; every `write…` returns where it ended.
 */
export interface Experiment {
  /** Each customer has one record per stage, so there are three times as many records. 1 to 100,000,000. */
  readonly customers: number
  /** Any 32-bit number; equal seeds give equal bytes. */
  readonly seed: number
}

/** The stages, in the order in which their parts stand in the merged record. */
export const stages = ['A', 'B', 'C'] as const

export const recordsPerCustomer = stages.length

/** No record, part or merged record of an experiment is longer than this. */
export const valueBytesMax = 512

const baseMs = 1_790_000_000_000

const recordHeads = stages.map((stage) => ascii(`{"stage":"${stage}","customerId":"`))
const mergedHead = ascii('{"customerId":"')
const mergedSides = [ascii('","A":'), ascii(',"B":'), ascii(',"C":')]
const currencies = ['EUR', 'USD', 'GBP', 'CHF'].map(ascii)
const carriers = ['dhl', 'ups', 'gls', 'dpd'].map(ascii)
const text = {
  customer: ascii('cust-'),
  sequence: ascii('","seq":'),
  emittedAt: ascii(',"emittedAt":'),
  part: ascii(',"part":'),
  name: ascii('{"name":"Customer '),
  segment: ascii('","segment":"'),
  country: ascii('","country":"'),
  order: ascii('{"orderId":"o-'),
  amount: ascii('","amount":'),
  currency: ascii(',"currency":"'),
  carrier: ascii('{"carrier":"'),
  tracking: ascii('","tracking":"t-'),
  eta: ascii('","eta":'),
  endOfString: ascii('"}'),
}
const closingBrace = 0x7d
const dash = 0x2d
const dot = 0x2e
const zero = 0x30

/** When the record at a position of the source is emitted: a thousand records each millisecond. */
export function emittedAtMs(position: number): number {
  return baseMs + Math.trunc(position / 1000)
}

/**
 * Writes one record of the source.
 *
 * @param record - Its number before the shuffle: three times the customer, plus the stage.
 * @param position - Its place in the source after the shuffle.
 */
export function writeRecord(bytes: Uint8Array, at: number, seed: number, record: number, position: number): number {
  const stage = record % 3
  const customer = (record - stage) / 3
  at = writeText(bytes, at, recordHeads[stage]!)
  at = writeCustomerId(bytes, at, seed, customer)
  at = writeText(bytes, at, text.sequence)
  at = writeDecimal(bytes, at, record)
  at = writeText(bytes, at, text.emittedAt)
  at = writeDecimal(bytes, at, emittedAtMs(position))
  at = writeText(bytes, at, text.part)
  at = writePart(bytes, at, seed, customer, stage)
  bytes[at] = closingBrace
  return at + 1
}

/** Writes what must come of the three parts of a customer. */
export function writeMerged(bytes: Uint8Array, at: number, seed: number, customer: number): number {
  at = writeText(bytes, at, mergedHead)
  at = writeCustomerId(bytes, at, seed, customer)
  for (let stage = 0; stage < 3; stage++) {
    at = writeText(bytes, at, mergedSides[stage]!)
    at = writePart(bytes, at, seed, customer, stage)
  }
  bytes[at] = closingBrace
  return at + 1
}

/** Writes `cust-`, eight hexadecimal digits, a dash and the customer's number. */
export function writeCustomerId(bytes: Uint8Array, at: number, seed: number, customer: number): number {
  at = writeText(bytes, at, text.customer)
  at = writeHex(bytes, at, chance(seed, customer, 0))
  bytes[at] = dash
  return writeDecimal(bytes, at + 1, customer)
}

/**
 * The customer whose id stands in the bytes, or -1 where no id can stand. The eight hexadecimal digits are not checked.
 */
export function readCustomer(bytes: Uint8Array, start: number, end: number): number {
  const digits = start + 'cust-00000000-'.length
  if (end <= digits || end > digits + 9) return -1
  let customer = 0
  for (let at = digits; at < end; at++) {
    const digit = bytes[at]! - zero
    if (digit < 0 || digit > 9) return -1
    customer = customer * 10 + digit
  }
  return customer
}

function writePart(bytes: Uint8Array, at: number, seed: number, customer: number, stage: number): number {
  if (stage === 0) return writeProfile(bytes, at, seed, customer)
  if (stage === 1) return writeOrder(bytes, at, seed, customer)
  return writeShipment(bytes, at, seed, customer)
}

function writeProfile(bytes: Uint8Array, at: number, seed: number, customer: number): number {
  const choice = chance(seed, customer, 1)
  at = writeText(bytes, at, text.name)
  at = writeDecimal(bytes, at, customer)
  at = writeText(bytes, at, text.segment)
  at = writeDecimal(bytes, at, choice % 10)
  at = writeText(bytes, at, text.country)
  at = writeDecimal(bytes, at, (choice >>> 8) % 200)
  return writeText(bytes, at, text.endOfString)
}

function writeOrder(bytes: Uint8Array, at: number, seed: number, customer: number): number {
  const choice = chance(seed, customer, 2)
  const cents = (choice >>> 2) % 100_000
  at = writeText(bytes, at, text.order)
  at = writeHex(bytes, at, chance(seed, customer, 3))
  at = writeHex(bytes, at, chance(seed, customer, 4))
  at = writeText(bytes, at, text.amount)
  at = writeDecimal(bytes, at, Math.trunc(cents / 100))
  // Two decimals also where a number needs fewer (`12.00`): who parses and prints a part again does not get away with
  // it.
  bytes[at] = dot
  bytes[at + 1] = zero + (Math.trunc(cents / 10) % 10)
  bytes[at + 2] = zero + (cents % 10)
  at = writeText(bytes, at + 3, text.currency)
  at = writeText(bytes, at, currencies[choice & 3]!)
  return writeText(bytes, at, text.endOfString)
}

function writeShipment(bytes: Uint8Array, at: number, seed: number, customer: number): number {
  at = writeText(bytes, at, text.carrier)
  at = writeText(bytes, at, carriers[chance(seed, customer, 5) & 3]!)
  at = writeText(bytes, at, text.tracking)
  at = writeHex(bytes, at, chance(seed, customer, 6))
  at = writeHex(bytes, at, chance(seed, customer, 7))
  at = writeText(bytes, at, text.eta)
  at = writeDecimal(bytes, at, baseMs + customer)
  bytes[at] = closingBrace
  return at + 1
}

/** 32 bits that look random; `field` tells the uses of one customer apart. */
function chance(seed: number, customer: number, field: number): number {
  return mix(mix(seed + Math.imul(field, 0x9e3779b9)) ^ customer)
}

/** @see Appleby, MurmurHash3, the finalizer of 32 bits: one to one, so no two customers share an id. */
function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

function writeText(bytes: Uint8Array, at: number, source: Uint8Array): number {
  for (let i = 0; i < source.length; i++) bytes[at + i] = source[i]!
  return at + source.length
}

function writeHex(bytes: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 8; i++) {
    const digit = (value >>> (28 - 4 * i)) & 15
    bytes[at + i] = digit < 10 ? zero + digit : 0x57 + digit
  }
  return at + 8
}

/** Writes a whole number of up to 15 digits. */
function writeDecimal(bytes: Uint8Array, at: number, value: number): number {
  // Above 31 bits the high digits are split off, so that the loops divide small integers.
  if (value >= 1_000_000_000) {
    const high = Math.trunc(value / 1_000_000_000)
    at = writeDecimal(bytes, at, high)
    return writeDigits(bytes, at, value - high * 1_000_000_000, 9)
  }
  let digits = 1
  for (let limit = 10; limit <= value; limit *= 10) digits++
  return writeDigits(bytes, at, value, digits)
}

function writeDigits(bytes: Uint8Array, at: number, value: number, digits: number): number {
  for (let i = at + digits - 1; i >= at; i--) {
    const rest = (value / 10) | 0
    bytes[i] = zero + value - rest * 10
    value = rest
  }
  return at + digits
}

function ascii(source: string): Uint8Array {
  return new TextEncoder().encode(source)
}
