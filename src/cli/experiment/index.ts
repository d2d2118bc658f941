export { createVerifier, type Verification, type Verifier } from './verifier.ts'
export { type Experiment } from './experiment.ts'
export { experimentBatches, type ExperimentBatch } from './generator.ts'
export { experimentOptions } from './options.ts'
