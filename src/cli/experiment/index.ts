export { experimentOptions } from './options.ts'
export { createVerifier, experimentBatches, experimentErrors, recordsPerCustomer } from './records/index.ts'
