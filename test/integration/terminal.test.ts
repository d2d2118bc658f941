import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify, stripVTControlCharacters } from 'node:util'
import { startBroker } from '../../src/broker/index.ts'
import { closeAtEnd } from '../at-end.ts'
import { millrace } from './millrace.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')
const experiment = join(import.meta.dirname, '../../examples/experiment.ts')

// That of util-linux: a pseudo terminal around a command.
const skip = spawnSync('script', ['--version']).stdout?.includes('util-linux') ? false : 'there is no script'

/** What the command line writes on a terminal. */
async function onTerminal(words: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const command = [process.execPath, main, ...words].map((word) => `'${word}'`).join(' ')
  // Node.js takes a terminal for one without colours where `CI` is set.
  const { NO_COLOR: _none, FORCE_COLOR: _color, NODE_DISABLE_COLORS: _colors, CI: _ci, ...inherited } = process.env
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    env: { ...inherited, TERM: 'xterm', ...env },
  })
  return stdout
}

describe('millrace on a terminal', { skip }, () => {
  it('has headings that stand out, and not where that is not wanted, nor elsewhere', async () => {
    const [shown, plain, elsewhere] = await Promise.all([
      onTerminal(['help', 'run']),
      onTerminal(['help', 'run'], { NO_COLOR: '1' }),
      millrace('help', 'run'),
    ])

    assert.ok(shown.includes('\u001b[1mused most'), shown.slice(0, 200))
    assert.equal(stripVTControlCharacters(shown), plain)
    assert.equal(plain.replaceAll('\r\n', '\n'), elsewhere.stdout)
  })

  it('shows a run in one line that is drawn over itself, and its table below it', async () => {
    const broker = await startBroker()
    closeAtEnd(() => broker[Symbol.asyncDispose]())
    const servers = ['--bootstrap-servers', broker.bootstrapServers]
    await millrace('generate', ...servers, '--customers', '100')

    const shown = await onTerminal(['run', experiment, ...servers, '--until-caught-up'])

    const line =
      /\ractive {2}[\d,]+ records\/s {2}lag 0 {2}pending 0 {2}dead letters 0 {2}epoch \d+ *\r\naggregation rate/
    assert.match(shown, line)
    assert.equal(shown.split('records/s  lag').length - 1, shown.split('\ractive').length - 1)
  })
})
