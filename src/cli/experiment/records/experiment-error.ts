import { CodedError, type ErrorDetails, type ErrorRule } from '../../../core/coded-error.ts'

/** The errors of the experiment, which no program can meet. */
export const experimentErrors = {
  EXPERIMENT_BATCH_INVALID: {
    retryable: false,
    meaning: "A record batch of the experiment's result is compressed, damaged or of an unknown format.",
    remedy: 'Check that the topic holds nothing but the result of `millrace run`, and read it with `read_committed`.',
  },
} as const satisfies Record<string, ErrorRule>

/** The result of an experiment cannot be verified. */
export class ExperimentError extends CodedError<keyof typeof experimentErrors> {
  constructor(code: keyof typeof experimentErrors, message: string, details: ErrorDetails) {
    super(code, experimentErrors[code], message, details)
  }
}
