const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** @param {number} value */
export function count(value) {
  return whole.format(value)
}

/** @param {number} value */
export function rate(value) {
  return value < 1_000 ? `${whole.format(value)}/s` : `${short.format(value)}/s`
}

/** @param {number} value */
export function bytes(value) {
  const mebibytes = value / (1 << 20)
  return mebibytes < 1 ? `${count(value / 1024)} KiB` : `${count(mebibytes)} MiB`
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1_000) return `${count(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 3_600_000) return `${count(ms / 60_000)} min`
  return ms < 172_800_000 ? `${count(ms / 3_600_000)} h` : `${count(ms / 86_400_000)} days`
}

/** @param {number} ms - Since 1970. */
export function time(ms) {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC')
}

/** @param {{ partition: number, offset: number, index?: number }} place - With the index of what a flatMap made there. */
export function place({ partition, offset, index }) {
  return `${partition}@${offset}${index === undefined ? '' : `[${index}]`}`
}

/**
 * Numbers in ascending order, those in a row as a range.
 *
 * @param {readonly number[]} numbers
 */
export function ranges(numbers) {
  const texts = []
  let from = 0
  for (const [at, number] of numbers.entries()) {
    if (numbers[at + 1] === number + 1) continue
    texts.push(from === at ? `${number}` : `${numbers[from]}–${number}`)
    from = at + 1
  }
  return texts.join(', ')
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} many
 */
export function plural(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`
}
