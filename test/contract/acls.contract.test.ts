import { aclContract } from './acl-target.ts'
import { aclsContract, openUntilNamedContract } from './acls.contract.ts'

aclContract(aclsContract)
aclContract(openUntilNamedContract, { allowEveryoneIfNoAclFound: true })
