/** What is said of the operations a client may do where it does not ask. */
export const operationsUnknown = -2_147_483_648
