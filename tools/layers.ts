/**
 * The layers of `src`: each folder with the folders it may import. The linter turns this table into rules
 * (`oxlint.config.ts`), and `test/tidy.test.ts` checks that it names exactly the folders that exist.
 *
 * Across folders an import goes through the other folder's `index.ts`; `core` has none, its files are imported one by
 * one.
 */
export const layers = {
  core: [],
  kernel: ['core'],
  protocol: ['core'],
  kafka: ['core', 'kernel', 'protocol'],
  broker: ['core', 'kernel', 'protocol', 'kafka'],
  actors: ['core'],
  state: ['core', 'kernel', 'actors'],
  streams: ['core', 'kernel', 'kafka', 'actors', 'state'],
  http: ['core', 'streams'],
  testing: ['core', 'kernel', 'kafka', 'actors', 'state', 'streams'],
  // What programs may import: a file for each subpath of the package, and nothing else imports them.
  doors: ['core', 'kernel', 'kafka', 'broker', 'actors', 'state', 'streams', 'http', 'testing'],
  cli: ['core', 'kernel', 'kafka', 'broker', 'actors', 'streams', 'http', 'testing'],
  // What checks the experiment's result must share no code with what made it.
  'cli/experiment/records': ['core'],
} as const satisfies Record<string, readonly string[]>

/**
 * In which order the steps of an epoch and of a recovery go stands in two rooms of `streams`, and nobody else knows it:
 * these files say it, and only these rooms import them.
 */
export const stepsOfEpochs = {
  rooms: ['streams/epochs', 'streams/recovery'],
  files: [
    'epochs/participants.ts',
    'epochs/table-epochs.ts',
    'checkpoint/manifest-writer.ts',
    'recovery/restoration.ts',
    'recovery/state-after.ts',
  ],
} as const
