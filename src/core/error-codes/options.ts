import type { ErrorRule } from '../coded-error.ts'

/** Errors of options, of the command line, and of what runs it. */
export const optionErrors = {
  CONFIG_INVALID_MODULE: {
    retryable: false,
    meaning: 'A file given for its topology cannot be loaded, or its default export is no topology.',
    remedy: 'Export what `topology(…)…sink(…)` returns as the default export.',
  },
  CONFIG_INVALID_OPERANDS: {
    retryable: false,
    meaning: 'A command was given too few or too many words without a flag.',
    remedy: 'See `millrace <command> --help`.',
  },
  CONFIG_INVALID_VALUE: {
    retryable: false,
    meaning: 'An option has a value of the wrong type or out of its range.',
    remedy: 'Give a value as the message says; docs/configuration.md lists all options.',
  },
  CONFIG_MISSING_VALUE: {
    retryable: false,
    meaning: 'An option without a default is given neither in the program, nor by flag, nor in the environment.',
    remedy: 'Give it in one of the ways that the message names.',
  },
  CONFIG_SECRET_UNPROTECTED: {
    retryable: false,
    meaning: 'A password or token would be sent without TLS, for all on the way to read.',
    remedy:
      'Use TLS, or SCRAM, which proves a password without sending it; `allowPlaintext` is for networks that are trusted.',
  },
  CONFIG_UNKNOWN_COMMAND: {
    retryable: false,
    meaning: 'The first word of a command line is not a command.',
    remedy: 'See `millrace --help`.',
  },
  CONFIG_UNKNOWN_OPTION: {
    retryable: false,
    meaning: 'An option or flag of this name does not exist.',
    remedy: 'Correct the spelling; docs/configuration.md lists all options.',
  },
  NODE_UNSUPPORTED: {
    retryable: false,
    meaning: 'The package was imported, or its command called, on a version of Node.js that it does not run on.',
    remedy: 'Run the program on a newer Node.js, as the message says.',
  },
} as const satisfies Record<string, ErrorRule>
