import { saslAuthenticate as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

export const saslAuthenticate = serve(api, {
  handle: ({ authBytes }, { authentication }) => authentication.authenticate(authBytes),
})
