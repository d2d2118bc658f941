import type { OptionTable, OptionValues } from '../core/options.ts'

/** Where `serve` and the demo show a program, unless they are told otherwise. */
export const dashboardAddress = '127.0.0.1:9464'

/** Where a program is looked at over HTTP, and who may. */
export const httpOptions = {
  http: {
    type: 'string',
    optional: true,
    env: 'MILLRACE_HTTP',
    flag: '--http',
    doc: 'Address for metrics, health and the dashboard, as `host:port`; port 0 takes a free one. An address that other machines reach needs `httpToken`.',
  },
  httpToken: {
    type: 'secret',
    optional: true,
    env: 'MILLRACE_HTTP_TOKEN',
    flag: '--http-token-file',
    doc: 'What whoever asks for metrics or for anything about the program has to know, as bearer token. Whether the process lives and is ready is told to anybody, but not why not.',
  },
  httpHosts: {
    type: 'string',
    default: 'localhost',
    env: 'MILLRACE_HTTP_HOSTS',
    flag: '--http-hosts',
    doc: 'Names under which the server may be called, separated by commas, so that no page of another site gets at it by a name of its own (DNS rebinding). IP addresses always are.',
  },
  httpPayloads: {
    type: 'boolean',
    default: false,
    env: 'MILLRACE_HTTP_PAYLOADS',
    flag: '--http-payloads',
    doc: 'Show keys and values of records, and causes, which may repeat parts of them. Without it they are masked.',
  },
  readyDelayMaxMs: {
    type: 'int',
    default: 60_000,
    min: 0,
    env: 'MILLRACE_READY_DELAY_MAX_MS',
    flag: '--ready-delay-max-ms',
    doc: 'How old the last consumed record may be while there are others to consume, before an active process that has caught up once is not ready any more, in milliseconds; for a standby, how old its table may be.',
  },
} as const satisfies OptionTable

export type HttpOptions = OptionValues<typeof httpOptions>
