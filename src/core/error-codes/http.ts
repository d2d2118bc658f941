import type { ErrorRule } from '../coded-error.ts'

/** Errors of the server that a program is looked at by. */
export const httpErrors = {
  HTTP_ADDRESS_REFUSED: {
    retryable: true,
    meaning: 'The system does not let the server for metrics and the dashboard listen at its address.',
    remedy: 'Choose another port with `http`, or end what listens there.',
  },
  HTTP_NOT_ANSWERED: {
    retryable: true,
    meaning: 'A process was asked over HTTP, and did not answer, or refused.',
    remedy:
      'Give the address at which it serves (`--http`), and the token that it asks for (`--http-token-file`); see what the message says.',
  },
  HTTP_TOKEN_MISSING: {
    retryable: false,
    meaning: 'The server for metrics and the dashboard was to listen where other machines reach it, without a token.',
    remedy: 'Give `httpToken`, or listen at 127.0.0.1 and put a proxy that knows its users in front.',
  },
} as const satisfies Record<string, ErrorRule>
