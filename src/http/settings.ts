// Written by tools/docs.ts from the tables in options.ts: change those, then `npm run docs`.

import type { Secret } from '../core/secret.ts'

/** Where a program is looked at over HTTP, and who may. */
export interface HttpSettings {
  /**
   * Address for metrics, health and the dashboard, as `host:port`; port 0 takes a free one. An address that other
   * machines reach needs `httpToken`.
   *
   * A text. If it is not given, `MILLRACE_HTTP` is read from the environment.
   */
  readonly http?: string | undefined
  /**
   * What whoever asks for metrics or for anything about the program has to know, as bearer token. Whether the process
   * lives and is ready is told to anybody, but not why not.
   *
   * A secret that is not empty; by flag, a file that holds it. If it is not given, `MILLRACE_HTTP_TOKEN` is read from
   * the environment.
   */
  readonly httpToken?: Secret | undefined
  /**
   * Names under which the server may be called, separated by commas, so that no page of another site gets at it by a
   * name of its own (DNS rebinding). IP addresses always are.
   *
   * A text. If it is not given, `MILLRACE_HTTP_HOSTS` is read from the environment.
   * @defaultValue `localhost`
   */
  readonly httpHosts?: string | undefined
  /**
   * Show keys and values of records, and causes, which may repeat parts of them. Without it they are masked.
   *
   * True or false. If it is not given, `MILLRACE_HTTP_PAYLOADS` is read from the environment.
   * @defaultValue `false`
   */
  readonly httpPayloads?: boolean | undefined
  /**
   * How old the last consumed record may be while there are others to consume, before an active process that has caught
   * up once is not ready any more, in milliseconds; for a standby, how old its table may be.
   *
   * A whole number of at least 0. If it is not given, `MILLRACE_READY_DELAY_MAX_MS` is read from the environment.
   * @defaultValue `60000`
   */
  readonly readyDelayMaxMs?: number | undefined
}
