/**
 * Writes the files that repeat tables of the code: the pages of `docs/` that are named below, and the types of settings
 * with the texts that editors show, `settings.ts` of `streams` and `http`.
 * With `--check` it writes nothing and fails when one is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { experimentErrors, experimentOptions } from '../src/cli/experiment/index.ts'
import type { ErrorRule } from '../src/core/coded-error.ts'
import { httpOptions } from '../src/http/index.ts'
import { storeOptions, tableOptions, transactionOptions } from '../src/state/index.ts'
import {
  appOptions,
  letterOptions,
  programTableOptions,
  readingOptions,
  relayoutOptions,
  redriveOptions,
  runOptions,
  securityOptions,
} from '../src/streams/index.ts'
import { errorCatalogue } from '../src/core/errors.ts'
import { describeRule, type OptionRule, type OptionTable, secretFileVariable } from '../src/core/options.ts'
import { page, paragraph, table } from './markdown.ts'
import { protocolPage } from './protocol-page.ts'
import { cliPage } from './cli-page.ts'
import { deadLettersPage } from './dead-letters-page.ts'
import { eventsPage } from './events-page.ts'
import { glossaryPage } from './glossary-page.ts'
import { metricsPage } from './metrics-page.ts'
import { settingsModule } from './settings-module.ts'

/** The tables of options, by the headings of their sections. */
const optionTables = [
  { title: 'A running program', commands: '`start`, `run` and `demo`', table: runOptions },
  {
    title: 'Security',
    commands: 'every command that connects to brokers; a program gives `tls` and `sasl` to `start`',
    table: securityOptions,
  },
  {
    title: 'HTTP',
    commands: '`run` and `demo`; a program gives them to `serve` of `millrace/http`',
    table: httpOptions,
  },
  {
    title: 'Questions about an application',
    commands:
      '`audit`, `explain`, `dead-letters`, `redrive`, and those about application and brokers for `reset` and `processes`',
    table: readingOptions,
  },
  {
    title: 'Dead letters',
    commands: '`dead-letters` and `deadLetters`, besides what is above',
    table: letterOptions,
  },
  {
    title: 'Redriven letters',
    commands: '`redrive`, besides what is above',
    table: redriveOptions,
  },
  {
    title: 'Another layout',
    commands: '`relayout`',
    table: relayoutOptions,
  },
  { title: 'The experiment', commands: '`demo`, `generate` and `verify`', table: experimentOptions },
  { title: 'A store of tables', commands: '`new Store`, in the program', table: storeOptions },
  { title: 'A table of a store', commands: '`store.table`, in the program', table: tableOptions },
  { title: 'A table of a program', commands: '`table`, in the program', table: programTableOptions },
  { title: 'A transaction of a store', commands: '`store.transact` and `transactSync`', table: transactionOptions },
]

const pages = {
  'docs/errors.md': errorsPage(),
  'docs/protocol.md': protocolPage(),
  'src/streams/settings.ts': settingsModule([
    { name: 'ProgramSettings', what: 'Settings of a running program.', table: runOptions },
    {
      name: 'AppSettings',
      what: 'Which application is looked at, and how its brokers are reached.',
      table: appOptions,
    },
    {
      name: 'ReadingSettings',
      what: 'Settings of what reads the topics of an application to their ends.',
      table: readingOptions,
      base: { name: 'AppSettings', table: appOptions },
    },
    {
      name: 'RelayoutSettings',
      what: 'The layout that a program is taken to, and how its brokers are reached.',
      table: relayoutOptions,
    },
  ]),
  'src/http/settings.ts': settingsModule([
    { name: 'HttpSettings', what: 'Where a program is looked at over HTTP, and who may.', table: httpOptions },
  ]),
  'docs/metrics.md': metricsPage(),
  'docs/events.md': eventsPage(),
  'docs/dead-letters.md': deadLettersPage(),
  'docs/glossary.md': glossaryPage(),
  'docs/cli.md': await cliPage(optionTables),
  'docs/configuration.md': configurationPage(optionTables),
}

const isCheck = process.argv.includes('--check')
for (const [name, text] of Object.entries(pages)) {
  const path = join(import.meta.dirname, '..', name)
  if (!isCheck) writeFileSync(path, text)
  else if (read(path) !== text) {
    console.error(`${name} is out of date: run \`npm run docs\``)
    process.exitCode = 1
  }
}

function errorsPage(): string {
  const sections = Object.entries<ErrorRule>({ ...errorCatalogue, ...experimentErrors })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { meaning, remedy, retryable }]) => {
      const retry = retryable ? 'Trying again may help.' : 'Trying again does not help.'
      return `## ${code}\n\n${paragraph(`${meaning} ${retry}`)}\n\n${paragraph(`**What to do:** ${remedy}`)}\n`
    })
  return page('Errors', 'Every error that Millrace raises has one of these codes, as `code`.', sections)
}

function configurationPage(tables: { title: string; commands: string; table: OptionTable }[]): string {
  const sections = tables.map(({ title, commands, table: options }) => {
    const rows = Object.entries<OptionRule>(options).map(([name, rule]) => [
      `\`${name}\``,
      code(rule.flag),
      variables(rule),
      defaultOf(rule),
      describeRule(rule),
      rule.doc,
    ])
    const head = ['option', 'flag', 'environment', 'default', 'value', 'meaning']
    return `## ${title}\n\nFor ${commands}.\n\n${table(head, rows)}\n`
  })
  const order = 'A value given by the program or by a flag comes before the environment, and that before the default.'
  return page('Configuration', order, sections)
}

function variables({ type, env }: OptionRule): string {
  return env !== undefined && type === 'secret' ? `${code(env)} or ${code(secretFileVariable(env))}` : code(env)
}

function defaultOf({ default: standard, optional }: OptionRule): string {
  return optional ? 'none' : code(standard)
}

function code(value: OptionRule['default']): string {
  return value === undefined ? '-' : `\`${value}\``
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
