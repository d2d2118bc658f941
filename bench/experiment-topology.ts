/** The experiment on topics that the bench names in the environment. */
import * as millrace from '../src/streams/index.ts'
import { experimentOf } from './experiment-of.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK } = process.env

export default experimentOf(millrace, { app: BENCH_APP!, source: BENCH_SOURCE!, sink: BENCH_SINK! })
