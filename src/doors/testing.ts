/** `millrace/testing`: time that a test moves, probes for what is tested with it, and a checker for histories of transactions. */
export {
  type ActorProbe,
  type Anomaly,
  type AnomalyKind,
  checkHistory,
  HistoryRecorder,
  type ObservedTransaction,
  type Operation,
  probeActors,
  type TransactionRecorder,
  VirtualClock,
} from '../testing/index.ts'
