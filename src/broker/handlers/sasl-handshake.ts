import { saslHandshake as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

export const saslHandshake = serve(api, {
  handle: ({ mechanism }, { authentication, version }) => authentication.handshake(mechanism, version === 0),
})
