import { sleep, systemClock } from '../../core/clock.ts'
import { dashboardAddress, httpOptions, parseListenAddress } from '../../http/index.ts'
import type { Inspection } from '../../streams/index.ts'
import { askServed } from '../ask-served.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'
import { pendingText } from '../pending-text.ts'

const { http, httpToken } = httpOptions

/** Rows are counted piece by piece, of a table of any size: how often is looked whether they are. */
const pollMs = 200

export const pending = defineCommand({
  operands: [],
  options: {
    http: {
      type: http.type,
      default: dashboardAddress,
      env: http.env,
      flag: http.flag,
      doc: 'Address at which the active process serves, as `host:port`.',
    },
    httpToken: { ...httpToken, doc: 'The token that it asks for.' },
    ...jsonOption,
  },
  usual: { http: dashboardAddress, json: true },
  example: `--http ${dashboardAddress}`,
  async run({ options, output, signal }) {
    parseListenAddress(options.http)
    for (;;) {
      const inspection = (await askServed(options.http, '/api', options.httpToken)) as Inspection
      const all = subtopologies(inspection)
      const active = all.filter(({ role }) => role === 'active')
      if (active.length === 0) {
        const { app } = inspection
        output.note(`this process of "${app}" is not the active one, which alone counts pending rows: ask that`)
        return exitCodes.unfinished
      }
      if (active.every(({ pending: counted }) => counted !== undefined)) {
        output.result(reportOf(inspection), all.map(textOf).join('\n'))
        return exitCodes.done
      }
      await sleep(systemClock, pollMs, signal).catch(() => {})
      if (signal.aborted) return exitCodes.unfinished
    }
  },
})

function subtopologies(first: Inspection): Inspection[] {
  return first.next === undefined ? [first] : [first, ...subtopologies(first.next)]
}

interface PendingReport extends Pick<Inspection, 'app' | 'pending'> {
  readonly next?: PendingReport
}

function reportOf({ app, pending: counted, next }: Inspection): PendingReport {
  return { app, ...(counted && { pending: counted }), ...(next && { next: reportOf(next) }) }
}

function textOf({ app, pending: counted }: Inspection): string {
  return counted === undefined
    ? `${app}: counted by its active process, which is another one`
    : pendingText(app, counted)
}
