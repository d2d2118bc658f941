import {
  deadLetterReasons,
  duplicateReasons,
  functionReasons,
  isOfResult,
  isOfRow,
  Reason,
} from '../src/kernel/index.ts'
import { page, table } from './markdown.ts'

const introduction = `Why a record, or a row, is in the topic \`<app>.dead-letter\`: the header \`millrace.reason\` has one of these names, and \`millrace.cause\` says what is wrong with this one. The log, \`millrace dead-letters\`, the dashboard and \`millrace_dead_letters_total\` use the same names.

The class is that of [the account](accounting.md). A letter of a *record* has its key, value and headers as they came; one of a *part* refers to a record whose part could not be merged; one of a *row* has the parts that had come. *By a function*: a function of the program, or its decoder, has thrown, or its promise was rejected in all attempts (\`stageAttempts\`). [How to find, mend and redrive them](how-to/dead-letters.md).`

/** `docs/dead-letters.md`, from the table of reasons. */
export function deadLettersPage(): string {
  const codes = Object.values(Reason)
  const rows = deadLetterReasons.flatMap(({ name, text }, index) =>
    codes[index] === Reason.OK
      ? []
      : [[`\`${name}\``, text, classOf(name, codes[index]!), subjectOf(name, codes[index]!)]],
  )
  const byName = rows.toSorted(([a], [b]) => (a! < b! ? -1 : 1))
  return page('Reasons of dead letters', introduction, [
    `${table(['reason', 'what is wrong', 'class', 'a letter of'], byName)}\n`,
  ])
}

function classOf(name: string, code: Reason): string {
  if (isOfResult(name)) return 'none'
  if (duplicateReasons.has(code)) return '`duplicate`'
  return isOfRow(name) ? '`expired`' : '`deadLettered`'
}

function subjectOf(name: string, code: Reason): string {
  if (isOfRow(name)) return 'a row'
  const subject = name.startsWith('MERGE_') ? 'each part' : isOfResult(name) ? 'a result of a window' : 'a record'
  return functionReasons.has(code) ? `${subject}, by a function` : subject
}
