import { sleep, systemClock } from '../../core/clock.ts'
import { dashboardAddress, httpOptions } from '../../http/index.ts'
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
    for (;;) {
      const inspection = (await askServed(options.http, '/api', options.httpToken)) as Inspection
      const { app, role, pending: counted } = inspection
      if (role !== 'active') {
        output.note(`this process of "${app}" is not the active one, which alone counts pending rows: ask that`)
        return exitCodes.unfinished
      }
      if (counted !== undefined) {
        output.result({ app, pending: counted }, pendingText(app, counted))
        return exitCodes.done
      }
      await sleep(systemClock, pollMs, signal).catch(() => {})
      if (signal.aborted) return exitCodes.unfinished
    }
  },
})
