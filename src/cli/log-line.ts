import type { LogFacts } from '../streams/index.ts'
import { harmless, quoted } from './quoted.ts'

/**
 * A line of the log for people: the sentence, then in brackets what it is about, where the sentence has not named it,
 * and last the message of an error.
 *
 * @param program - The app that lines are of anyway: of several correlations the first.
 */
export function logLine({ err, ...facts }: LogFacts, sentence: string, program?: string): string {
  const about = Object.entries(facts)
    .filter(([name, value]) => value !== undefined && !names(sentence, name, value))
    .filter(([name, value]) => name !== 'app' || (program !== undefined && value !== program))
    .map(([name, value]) => `${name} ${shown(value)}`)
  return [
    harmless(sentence),
    ...(about.length === 0 ? [] : [` (${about.join(', ')})`]),
    ...(err === undefined ? [] : [`: ${harmless(messageOf(err))}`]),
  ].join('')
}

/** Such as `offset 17 of partition 3 of topic "orders"`. */
function names(sentence: string, name: string, value: unknown): boolean {
  const words = `${sentence} `
  return words.includes(`${name} "${String(value)}"`) || words.includes(`${name} ${String(value)} `)
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[\w.:@+-]+$/.test(text) ? text : typeof value === 'string' ? quoted(text) : harmless(text)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
