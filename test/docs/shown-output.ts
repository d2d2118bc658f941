/** Lines whose numbers are those of one run on one machine. */
const measured = /^(aggregation rate|correlation rate|records {2}|open keys|epochs {2}|peak memory|CPU|✔ )/
const isoTime = /\d{4}-\d\d-\d\dT[\d:.]+Z/g
/** How far a run has come, once a second. */
const progress = /^correlating .*\n/gm

/**
 * Whether a command has printed what a page shows, but for times and measurements. Where the page ends with `…` more may
 * follow; where it shows nothing, anything will do.
 */
export function isAsShown(printed: string, shown: string): boolean {
  const wanted = shapeOf(shown)
  return wanted.endsWith('…\n') ? shapeOf(printed).startsWith(wanted.slice(0, -2)) : shapeOf(printed) === wanted
}

function shapeOf(text: string): string {
  return text
    .replaceAll(progress, '')
    .replaceAll(isoTime, '<time>')
    .replaceAll(/\bepoch \d+/g, 'epoch <number>')
    .split('\n')
    .map((line) => (measured.test(line) ? line.replaceAll(/\d[\d.]*/g, '<number>') : line))
    .join('\n')
}
