export { experimentOptions } from './options.ts'
export {
  createVerifier,
  type Experiment,
  experimentBatches,
  experimentErrors,
  recordsPerCustomer,
  type Verification,
} from './records/index.ts'
