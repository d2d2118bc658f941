/** What a process is to its application: it does the work, it stands by, or it stands by and could not take over. */
export type Role = 'active' | 'standby' | 'incompatible'
