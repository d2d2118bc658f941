export { type Experiment, recordsPerCustomer } from './experiment.ts'
export { experimentBatches } from './generator.ts'
export { createVerifier, type Verification } from './verifier.ts'
export { experimentErrors } from './experiment-error.ts'
