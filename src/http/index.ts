export { dashboardAddress, type HttpOptions, httpOptions } from './options.ts'
export { instruments, labels } from './metrics/instruments.ts'
export { prometheusName } from './metrics/prometheus.ts'
export { type AppServer, serve, serveAt, type ServeOptions } from './serve.ts'
